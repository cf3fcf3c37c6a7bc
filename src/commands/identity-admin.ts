/** Keys and users, wherever they are: in a running hub, or in a store that none uses. */
import type { Clock } from '../clock.ts'
import { HubError } from '../errors.ts'
import type { SecurityEventSink } from '../security/identity/events.ts'
import { Identity } from '../security/identity/identity.ts'
import type { Claims } from '../security/identity/records.ts'
import type { Store } from '../store/store.ts'
import { type HubAddress, requestHub } from './hub-request.ts'

/** Times are milliseconds since 1970, or texts of ISO 8601. */
type Time = number | string

export interface AdministeredKey {
  readonly id: string
  readonly name: string
  readonly claims: Claims
  readonly created: Time
  readonly expires?: Time
  readonly secrets: number
  /** Only of a key that was created or rotated just now. */
  readonly key?: string
}

export interface AdministeredUser {
  readonly name: string
  readonly claims: Claims
  readonly created: Time
  readonly disabled?: boolean
}

export interface UserChange {
  readonly claims?: Claims
  readonly password?: string
  readonly disabled?: boolean
}

export interface IdentityAdmin {
  /** @param expires milliseconds since 1970 */
  createKey(name: string, claims: Claims, expires: number | undefined): Promise<AdministeredKey>
  keys(): Promise<readonly AdministeredKey[]>
  rotateKey(id: string, graceMs: number): Promise<AdministeredKey>
  revokeKey(id: string): Promise<void>
  createUser(name: string, password: string, claims: Claims): Promise<AdministeredUser>
  users(): Promise<readonly AdministeredUser[]>
  changeUser(name: string, change: UserChange): Promise<void>
  deleteUser(name: string): Promise<void>
}

export function identityOfHub(hub: HubAddress): IdentityAdmin {
  const ask = (method: string, path: string, body?: object) => requestHub(hub, method, `/security/${path}`, body)
  return {
    createKey: async (name, claims, expires) => {
      const { 'hub.push': push, 'hub.read': read, ...others } = claims
      const until = expires === undefined ? {} : { expires: new Date(expires).toISOString() }
      return (await ask('POST', 'keys', { name, claims: others, push, read, ...until })) as AdministeredKey
    },
    keys: async () => (await ask('GET', 'keys')) as AdministeredKey[],
    rotateKey: async (id, graceMs) =>
      (await ask('POST', 'keys/rotate', { id, grace: `PT${graceMs / 1000}S` })) as AdministeredKey,
    revokeKey: async (id) => void (await ask('DELETE', `keys?${new URLSearchParams({ id })}`)),
    createUser: async (name, password, claims) =>
      (await ask('POST', 'users', { name, password, claims })) as AdministeredUser,
    users: async () => (await ask('GET', 'users')) as AdministeredUser[],
    changeUser: async (name, change) => void (await ask('POST', 'users/change', { name, ...change })),
    deleteUser: async (name) => void (await ask('DELETE', `users?${new URLSearchParams({ name })}`))
  }
}

/** A process that may open the store may do everything. */
export async function identityInStore(store: Store, events: SecurityEventSink, clock: Clock): Promise<IdentityAdmin> {
  const identity = new Identity({ store, clock, events })
  await identity.load()
  const { keys, users } = identity
  return {
    createKey: (name, claims, expires) => keys.create({ name, claims, ...(expires !== undefined && { expires }) }),
    keys: () => keys.list(),
    rotateKey: (id, graceMs) => keys.rotate(id, graceMs),
    revokeKey: (id) => keys.revoke(id),
    createUser: (name, password, claims) => users.create({ name, password, claims }),
    users: async () =>
      (await users.list()).map(({ isDisabled, ...user }) => ({ ...user, disabled: isDisabled === true })),
    changeUser: async (name, { password, ...change }) => {
      if (password !== undefined) await users.setPassword(name, password)
      await users.change(name, change)
    },
    deleteUser: (name) => users.remove(name)
  }
}

export interface SetUp {
  readonly administrator: { readonly user: string; readonly password: string }
  readonly gateway: { readonly key: string }
  readonly auditor: { readonly user: string; readonly password: string }
}

/**
 * Makes an administrator, the key of a gateway and an auditor.
 * @param signedIn the same with the rights of the administrator, once it exists
 * @param newPassword makes passwords up
 * @throws HubError `Conflict` where there are users or keys already
 */
export async function setUp(
  admin: IdentityAdmin,
  signedIn: (user: string, password: string) => IdentityAdmin,
  newPassword: () => string
): Promise<SetUp> {
  const [users, keys] = [await admin.users(), await admin.keys()]
  if (users.length + keys.length > 0) {
    throw new HubError('Conflict', ['There are users or keys already; use "users create" and "keys create"'])
  }
  const administrator = { user: 'admin', password: newPassword() }
  const auditor = { user: 'auditor', password: newPassword() }
  await admin.createUser(administrator.user, administrator.password, { role: 'administrator' })
  const by = signedIn(administrator.user, administrator.password)
  const { key = '' } = await by.createKey('gateway', { role: 'gateway' }, undefined)
  await by.createUser(auditor.user, auditor.password, { role: 'auditor' })
  return { administrator, gateway: { key }, auditor }
}
