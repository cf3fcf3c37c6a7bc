/**
 * PATCH in normal and metadata form: members in the body replace those of the element, others stay. Children named in
 * the body must exist with the same type.
 */
import { HubError, type Violation } from '../errors.ts'
import { suggest } from '../formats/suggest.ts'
import { excerptOf } from '../model/excerpt.ts'
import { childrenMember, fieldsOf } from '../model/fields.ts'
import type { Step } from '../model/path.ts'
import type { Submodel, SubmodelElement } from '../model/types.ts'
import { valueMemberNames } from '../model/value-members.ts'
import { type Container, child, childrenOf, stepsTo } from '../model/walk.ts'

/** Merges a schema-valid body into the element, recursively. @throws HubError `Invalid`; then discard the target */
export function merge(target: Container, body: Submodel | SubmodelElement): void {
  const violations: Violation[] = []
  mergeInto(target, body, '', violations)
  refuse(violations)
}

/** Merges `$metadata`; values and children stay unchanged. @throws HubError `Invalid`; then discard the target */
export function mergeMetadata(target: Container, body: unknown): void {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new HubError('Invalid', [1], [{ pointer: '', rule: 'type', text: 'a JSON object was expected' }])
  }
  const members = body as Record<string, unknown>
  const violations: Violation[] = []
  sameType(target, members, '', violations)
  const values = new Set([...valueMemberNames(target.modelType), childrenMember(target.modelType)])
  const known = new Set(['modelType', ...fieldsOf(target.modelType).map((field) => field.name)])
  for (const name of Object.keys(members)) {
    const pointer = `/${name}`
    if (values.has(name)) violations.push({ pointer, rule: '$metadata', text: `"${name}" is not part of the metadata` })
    else if (!known.has(name)) {
      const meant = suggest(name, [...known])
      const hint = meant === undefined ? '' : `; did you mean "${meant}"?`
      const text = `a ${target.modelType} has no member "${name}"${hint}`
      violations.push({ pointer, rule: 'additionalProperties', text })
    }
  }
  refuse(violations)
  Object.assign(target, members)
}

function mergeInto(target: Container, body: Container, pointer: string, violations: Violation[]): void {
  const members = body as unknown as Record<string, unknown>
  if (!sameType(target, members, pointer, violations)) return
  const member = childrenMember(target.modelType)
  const { [member ?? '']: _, ...others } = members
  Object.assign(target, others)
  const steps = stepsTo(body)
  for (const [index, part] of childrenOf(body).entries()) {
    const step = steps[index] as Step
    const childPointer = `${pointer}/${member}/${index}`
    const present = child(target, step)
    if (present !== undefined) mergeInto(present, part, childPointer, violations)
    else
      violations.push({
        pointer: childPointer,
        rule: 'PATCH',
        text: `there is no element "${step}" to change; create it with POST or PUT`
      })
  }
}

function sameType(
  target: Container,
  members: Record<string, unknown>,
  pointer: string,
  violations: Violation[]
): boolean {
  if (members.modelType === target.modelType) return true
  const found = members.modelType === undefined ? 'no modelType' : `modelType ${excerptOf(members.modelType)}`
  const text = `the element there is a ${target.modelType}; found ${found}`
  violations.push({ pointer: `${pointer}/modelType`, rule: 'PATCH', text })
  return false
}

function refuse(violations: readonly Violation[]): void {
  if (violations.length > 0) throw new HubError('Invalid', [violations.length], violations)
}
