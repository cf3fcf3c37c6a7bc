/** Roles, and the other claims that access rules may look at. */
import type { Claims } from '../../../client/api/access.ts'
import { accessMessages } from './messages.ts'

const ROLES = ['administrator', 'engineer', 'operator', 'gateway', 'auditor'] as const
type BuiltInRole = (typeof ROLES)[number]

export function rolesOf({ role }: Claims): readonly string[] {
  return (Array.isArray(role) ? role : [role]).filter((one): one is string => typeof one === 'string')
}

/** The claims with other roles. */
export function withRoles({ role: _, ...others }: Claims, roles: readonly string[]): Claims {
  return { ...others, ...(roles.length > 0 && { role: roles.length === 1 ? roles[0] : roles }) }
}

export function ClaimList({ claims }: { readonly claims: Claims }) {
  const others = Object.entries(claims).filter(([name]) => name !== 'role')
  return (
    <>
      <span class="row">
        {rolesOf(claims).map((role) => (
          <span key={role} class={`badge ${role === 'administrator' ? 'warning' : 'accent'}`}>
            {roleText(role)}
          </span>
        ))}
      </span>
      {others.map(([name, value]) => (
        <div key={name} class="muted access-claim">
          {claimText(name)}: {String(value)}
        </div>
      ))}
    </>
  )
}

export interface RoleChoiceProps {
  readonly chosen: readonly string[]
  readonly onChange: (roles: readonly string[]) => void
}

/** The built-in roles, and those that the subject has besides. */
export function RoleChoice({ chosen, onChange }: RoleChoiceProps) {
  const text = accessMessages()
  const others = chosen.filter((role) => !isBuiltIn(role))
  return (
    <fieldset class="access-roles">
      <legend class="field-label">{text.roles}</legend>
      {[...ROLES, ...others].map((role) => (
        <label key={role}>
          <input
            type="checkbox"
            checked={chosen.includes(role)}
            onChange={({ currentTarget }) =>
              onChange(currentTarget.checked ? [...chosen, role] : chosen.filter((one) => one !== role))
            }
          />
          <span>
            {roleText(role)}
            {isBuiltIn(role) && <span class="field-hint access-role-hint">{text[`${role}Hint`]}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  )
}

function isBuiltIn(role: string): role is BuiltInRole {
  return (ROLES as readonly string[]).includes(role)
}

export function roleText(role: string): string {
  return isBuiltIn(role) ? accessMessages()[role] : role
}

function claimText(name: string): string {
  const text = accessMessages()
  return name === 'hub.push' ? text.push : name === 'hub.read' ? text.read : name
}
