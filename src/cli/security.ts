/** Verbs for who may do what, who asks, and what was recorded of it. */
import { type Clock, systemClock } from '../clock.ts'
import type { Config } from '../config/config.ts'
import { parseDuration } from '../config/parsers.ts'
import type { Store } from '../store/store.ts'
import { type CliVerb, UsageError } from './verb.ts'

const STORE_SETTINGS = /^(DATA_DIR|MONGODB_.*)$/

export const access: CliVerb = {
  does: 'checks access rules of AAS Part 4, explains what they decide, and puts versions of them in force; --json for programs',
  usage: `check FILE|FOLDER [--json]
       aas-hub access print [--role NAME]
       aas-hub access explain [--access-rules FILE|FOLDER | --url URL] --as CLAIMS METHOD PATH [--json]
         CLAIMS: JSON, name=value (e.g. role=operator) or anonymous; without rules those of the built-in roles,
         with the URL of a running hub those in force there, and the data that is stored
       aas-hub access versions [--url URL] [--json]
       aas-hub access load FILE|FOLDER [--stage] [--note TEXT] [--force] [--url URL]
       aas-hub access activate NUMBER [--force] [--url URL]
       aas-hub access rollback [--force] [--url URL]
         on a running hub, with a key in AAS_HUB_KEY or --token-file, or without --url on a store that none uses`,
  settings: /^(API_PREFIX|ACCESS_RULES|DATA_DIR|MONGODB_.*)$/,
  run: administerAccess,
  takesFiles: true
}

export const setup: CliVerb = {
  does: 'makes an administrator, the key of a gateway and an auditor, and shows them once',
  usage: '[--url URL] [--json]',
  settings: STORE_SETTINGS,
  run: setUp
}

export const keys: CliVerb = {
  does: 'creates, lists, rotates and revokes API keys of gateways and programs',
  usage: `create NAME [--role ROLE] [--push IDS] [--read IDS] [--claims JSON] [--expires 90d]
       aas-hub keys list | rotate KEY [--grace 1h] | revoke KEY
         IDS: ids of submodels, separated by commas; KEY: its id, or its name
         on a running hub: --url URL, with the key of an administrator in AAS_HUB_KEY or --token-file; --json for programs`,
  settings: STORE_SETTINGS,
  run: (config, extra, words) => administer('keys', config, extra, words),
  takesFiles: true
}

export const users: CliVerb = {
  does: 'creates, lists, changes and deletes the users of the hub itself; passwords are typed, or the first line of a file',
  usage: `create NAME --role ROLE [--claims JSON] [--password-file FILE]
       aas-hub users list | change NAME --role ROLE | password NAME [--password-file FILE]
       aas-hub users disable NAME | enable NAME | delete NAME
         on a running hub: --url URL, with the key of an administrator in AAS_HUB_KEY or --token-file; --json for programs`,
  settings: STORE_SETTINGS,
  run: (config, extra, words) => administer('users', config, extra, words),
  takesFiles: true
}

async function administerAccess(
  config: Config,
  extra: ReadonlyMap<string, string>,
  words: readonly string[]
): Promise<void> {
  const { runAccess } = await import('../commands/access.ts')
  const { openStore } = await import('../app/open-store.ts')
  const { extensionEndpoints } = await import('../app/extension-endpoints.ts')
  const done = await runAccess(words, extra, { config, openStore, extensions: extensionEndpoints })
  if (done === undefined) throw new UsageError(`Usage: aas-hub access ${access.usage}`)
  process.stdout.write(done.output)
  if (!done.isGood) process.exitCode = 1
}

async function setUp(config: Config, extra: ReadonlyMap<string, string>): Promise<void> {
  const { runSetup } = await import('../commands/identity.ts')
  process.stdout.write(await runSetup(extra, await identityParts(config)))
}

async function administer(
  verb: 'keys' | 'users',
  config: Config,
  extra: ReadonlyMap<string, string>,
  words: readonly string[]
): Promise<void> {
  const { runIdentity } = await import('../commands/identity.ts')
  const output = await runIdentity(verb, words, extra, await identityParts(config))
  if (output === undefined) throw new UsageError(`Usage: aas-hub ${verb} ${(verb === 'keys' ? keys : users).usage}`)
  process.stdout.write(output)
}

async function identityParts(config: Config, clock: Clock = systemClock) {
  const { openStore } = await import('../app/open-store.ts')
  const { openAudit, securityEvents } = await import('../app/audit.ts')
  // A command records only what is in the commit of its change.
  const log = { error: () => {} }
  return {
    ...{ openStore: () => openStore(config), parseDuration, clock },
    eventsOf: (store: Store) => securityEvents(openAudit({ config, store, clock, log }))
  }
}
