/** A hub whose callers show API keys. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { systemClock } from '../../src/clock.ts'
import type { SettingName } from '../../src/config/config.ts'
import { Identity } from '../../src/security/identity/identity.ts'
import type { Claims } from '../../src/security/identity/records.ts'
import type { ServerOptions } from '../../src/server.ts'
import { testDirectory } from '../test-directory.ts'
import { databaseOf, dropDatabase, openStored, type Reply, type Running, start } from './harness.ts'

/** A caller, by what it shows. */
export interface Client {
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>
  get(path: string): Promise<Reply>
}

export interface GuardedHub<Name extends string> {
  readonly hub: Running
  readonly keys: Readonly<Record<Name, string>>
  readonly as: Readonly<Record<Name, Client>>
  readonly anonymous: Client
}

/**
 * Starts a hub with access rules.
 * @param callers claims of each, by name
 * @param rules undefined: the built-in roles
 */
export async function startGuarded<Name extends string>(
  t: Test,
  callers: Readonly<Record<Name, Claims>>,
  rules?: readonly object[],
  settings: Partial<Record<SettingName, string>> = {},
  options: ServerOptions = {}
): Promise<GuardedHub<Name>> {
  const directory = await mkdtemp(join(tmpdir(), 'aas-hub-test-'))
  t.teardown(async () => {
    await rm(directory, { recursive: true, force: true })
    await dropDatabase(databaseOf(directory))
  })
  const store = await openStored(directory)
  const identity = new Identity({ store, clock: options.clock ?? systemClock })
  await identity.load()
  const keys = {} as Record<Name, string>
  for (const name of Object.keys(callers) as Name[]) {
    keys[name] = (await identity.keys.create({ name, claims: callers[name] })).key
  }
  await store.close()
  const file = rules === undefined ? undefined : testDirectory(t, { 'rules.json': JSON.stringify({ rules }) })
  const hub = await start(
    t,
    {
      DATA_DIR: directory,
      ...(file !== undefined && { ACCESS_RULES: join(file, 'rules.json') }),
      ...settings
    },
    options
  )
  const as = Object.fromEntries(
    (Object.keys(keys) as Name[]).map((name) => [name, clientOf(hub, { authorization: `Bearer ${keys[name]}` })])
  ) as Record<Name, Client>
  return { hub, keys, as, anonymous: clientOf(hub, {}) }
}

/** @param credentials headers */
export function clientOf(hub: Running, credentials: Record<string, string>): Client {
  const ask: Client['ask'] = (method, path, body, headers) =>
    hub.ask(method, path, body, { ...credentials, ...headers })
  return { ask, get: (path) => ask('GET', path) }
}
