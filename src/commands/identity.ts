/** `aas-hub keys|users|setup`: on a running hub with `--url`, or on a store that no hub uses. */
import type { Clock } from '../clock.ts'
import { HubError } from '../errors.ts'
import type { SecurityEventSink } from '../security/identity/events.ts'
import type { Claims } from '../security/identity/records.ts'
import type { Store } from '../store/store.ts'
import { type HubAddress, hubAddressOf } from './hub-request.ts'
import {
  type AdministeredKey,
  type AdministeredUser,
  type IdentityAdmin,
  identityInStore,
  identityOfHub,
  type SetUp,
  setUp
} from './identity-admin.ts'
import { newPassword, readPassword } from './password.ts'

type CommandFlags = ReadonlyMap<string, string>

export interface IdentityCommandParts {
  readonly openStore: () => Promise<Store>
  /** The audit of a store. */
  readonly eventsOf: (store: Store) => SecurityEventSink
  readonly clock: Clock
  /** Parses a duration such as `90d` into milliseconds. @throws Error that says what was expected */
  readonly parseDuration: (text: string) => number
}

/** What is printed: for programs, and for people. */
interface Printed {
  readonly json: unknown
  readonly text: string
}

type Command = (
  admin: IdentityAdmin,
  name: string,
  flags: CommandFlags,
  parts: IdentityCommandParts
) => Promise<Printed>

const DEFAULT_GRACE = '1h'

const commands: { readonly [Verb in string]?: { readonly [Name in string]?: Command } } = {
  keys: {
    create: async (admin, name, flags, { parseDuration, clock }) => {
      const lifetime = flags.get('expires')
      const expires =
        lifetime === undefined ? undefined : clock.milliseconds() + duration('expires', lifetime, parseDuration)
      return shownKey(await admin.createKey(name, claimsOf(flags), expires))
    },
    list: async (admin) => {
      const keys = await admin.keys()
      return { json: keys, text: keys.map(describeKey).join('') }
    },
    rotate: async (admin, name, flags, { parseDuration }) => {
      const grace = duration('grace', flags.get('grace') ?? DEFAULT_GRACE, parseDuration)
      return shownKey(await admin.rotateKey(await keyId(admin, name), grace))
    },
    revoke: async (admin, name) => {
      await admin.revokeKey(await keyId(admin, name))
      return done(`The key ${name} is revoked`)
    }
  },
  users: {
    create: async (admin, name, flags) => {
      const user = await admin.createUser(name, await readPassword(flags.get('password-file')), claimsOf(flags))
      return { json: user, text: `The user ${user.name} can sign in\n` }
    },
    list: async (admin) => {
      const users = await admin.users()
      return { json: users, text: users.map(describeUser).join('') }
    },
    change: async (admin, name, flags) => {
      await admin.changeUser(name, { claims: claimsOf(flags) })
      return done(`The claims of ${name} are changed`)
    },
    password: async (admin, name, flags) => {
      await admin.changeUser(name, { password: await readPassword(flags.get('password-file')) })
      return done(`The password of ${name} is changed, and its sessions have ended`)
    },
    disable: async (admin, name) => {
      await admin.changeUser(name, { disabled: true })
      return done(`The user ${name} cannot sign in`)
    },
    enable: async (admin, name) => {
      await admin.changeUser(name, { disabled: false })
      return done(`The user ${name} can sign in`)
    },
    delete: async (admin, name) => {
      await admin.deleteUser(name)
      return done(`The user ${name} is deleted`)
    }
  }
}

/** @returns the output; undefined where the words are not understood */
export async function runIdentity(
  verb: 'keys' | 'users',
  [what = '', ...names]: readonly string[],
  flags: CommandFlags,
  parts: IdentityCommandParts
): Promise<string | undefined> {
  const command = commands[verb]?.[what]
  if (command === undefined || names.length !== (what === 'list' ? 0 : 1)) return undefined
  const printed = await withAdmin(flags, parts, (admin) => command(admin, names[0] ?? '', flags, parts))
  return print(printed, flags)
}

/** Makes the first administrator, gateway and auditor. @returns the output */
export async function runSetup(flags: CommandFlags, parts: IdentityCommandParts): Promise<string> {
  const made = await withAdmin(flags, parts, (admin, hub) => {
    const signedIn = (user: string, password: string) =>
      hub === undefined ? admin : identityOfHub({ ...hub, user, key: password })
    return setUp(admin, signedIn, newPassword)
  })
  return print({ json: made, text: describeSetUp(made) }, flags)
}

async function withAdmin<Result>(
  flags: CommandFlags,
  { openStore, eventsOf, clock }: IdentityCommandParts,
  work: (admin: IdentityAdmin, hub: HubAddress | undefined) => Promise<Result>
): Promise<Result> {
  const hub = await hubAddressOf(flags)
  if (hub !== undefined) return work(identityOfHub(hub), hub)
  const store = await openStore().catch((error: unknown) => {
    if (!(error instanceof HubError) || error.name !== 'Unavailable') throw error
    throw new HubError('Unavailable', [
      `${error.message}. If a hub is running, name it with --url, and put the key of an administrator into AAS_HUB_KEY`
    ])
  })
  try {
    return await work(await identityInStore(store, eventsOf(store), clock), undefined)
  } finally {
    await store.close()
  }
}

function claimsOf(flags: CommandFlags): Claims {
  const [text, role, push, read] = ['claims', 'role', 'push', 'read'].map((name) => flags.get(name))
  const claims = {
    ...(text !== undefined && parseClaims(text)),
    ...(role !== undefined && { role: role.includes(',') ? role.split(',') : role }),
    ...(push !== undefined && { 'hub.push': push.split(',') }),
    ...(read !== undefined && { 'hub.read': read.split(',') })
  }
  if (Object.keys(claims).length > 0) return claims
  throw new HubError('BadRequest', ['Without --role, --claims, --push or --read it could do nothing'])
}

function parseClaims(text: string): Claims {
  try {
    const claims: unknown = JSON.parse(text)
    if (typeof claims === 'object' && claims !== null && !Array.isArray(claims)) return claims as Claims
  } catch {
    // Said below.
  }
  throw new HubError('BadRequest', ['--claims is no JSON object such as {"role":"engineer"}'])
}

function duration(flag: string, text: string, parse: (text: string) => number): number {
  try {
    return parse(text)
  } catch (error) {
    throw new HubError('BadRequest', [`--${flag} is "${text}", expected ${(error as Error).message}`])
  }
}

/** A key is named by its id, or by its name where that is unique. */
async function keyId(admin: IdentityAdmin, name: string): Promise<string> {
  const keys = await admin.keys()
  const found = keys.filter((key) => key.id === name || key.name === name)
  if (found.length === 1 && found[0] !== undefined) return found[0].id
  if (found.length === 0) throw new HubError('NotFound', ['The key', name])
  throw new HubError('Conflict', [`${found.length} keys are named ${name}; name one by its id`])
}

function print({ json, text }: Printed, flags: CommandFlags): string {
  return flags.has('json') ? `${JSON.stringify(json, undefined, 2)}\n` : text
}

function done(text: string): Printed {
  return { json: { done: text }, text: `${text}\n` }
}

function shownKey(key: AdministeredKey): Printed {
  const text = `${key.key}\nThis is the key ${key.name} (${key.id}). It cannot be shown again.\n`
  return { json: key, text }
}

function describeKey({ id, name, claims, created, expires, secrets }: AdministeredKey): string {
  const parts = [
    `${name} (${id})`,
    JSON.stringify(claims),
    `created ${new Date(created).toISOString()}`,
    ...(expires === undefined ? [] : [`expires ${new Date(expires).toISOString()}`]),
    ...(secrets > 1 ? [`${secrets} secrets are valid`] : [])
  ]
  return `${parts.join(', ')}\n`
}

function describeUser({ name, claims, created, disabled }: AdministeredUser): string {
  const parts = [name, JSON.stringify(claims), `created ${new Date(created).toISOString()}`]
  return `${[...parts, ...(disabled ? ['disabled'] : [])].join(', ')}\n`
}

function describeSetUp({ administrator, gateway, auditor }: SetUp): string {
  return `The hub has an administrator, a gateway and an auditor. This is shown once:

  administrator  user ${administrator.user}, password ${administrator.password}
  gateway        key ${gateway.key}
  auditor        user ${auditor.user}, password ${auditor.password}

From now on every request needs one of these. Next: HTTPS with --tls-cert and --tls-key, then --host 0.0.0.0.
`
}
