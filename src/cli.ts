/** The command line: verbs, settings, and messages for what fails. */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { VERSION } from './app/version.ts'
import { type Clock, systemClock } from './clock.ts'
import type { LocalHub } from './commands/local-hub.ts'
import { type Config, ConfigError, readConfig, settingsTable } from './config/config.ts'
import { parseDuration } from './config/parsers.ts'
import { HubError } from './errors.ts'
import { redact } from './redact.ts'
import type { Store } from './store/store.ts'

/** Flags beside the settings; true where a value follows. */
const flags = {
  help: false,
  version: true,
  from: true,
  to: true,
  format: true,
  inside: true,
  profile: true,
  language: true,
  output: true,
  url: true,
  'token-file': true,
  role: true,
  as: true,
  note: true,
  head: true,
  after: true,
  stage: false,
  force: false,
  claims: true,
  push: true,
  read: true,
  expires: true,
  grace: true,
  'password-file': true,
  json: false
}

interface Verb {
  readonly does: string
  /** What follows it. */
  readonly usage: string
  /** The settings that apply to it. */
  readonly settings: RegExp
  run(config: Config, extra: ReadonlyMap<string, string>, files: readonly string[]): Promise<void>
  /** Its other words are names of files. */
  readonly takesFiles?: true
}

const STORE_SETTINGS = /^(DATA_DIR|MONGODB_.*)$/

/** Each imports its own modules only, so that `validate` waits neither for the transports nor for a database driver. */
const verbs: Readonly<Record<string, Verb>> = {
  serve: { does: 'starts the hub; the default', usage: '[--flag value …]', settings: /^/, run: serve },
  backup: {
    does: 'copies the data directory into the empty folder --to, also while the hub runs',
    usage: '--to FOLDER [--data-dir FOLDER]',
    settings: /^DATA_DIR$/,
    run: backup
  },
  migrate: {
    does: 'copies everything --from one store --to another, each a data directory or mongodb://…; resumes where it was interrupted',
    usage: '--from FOLDER|mongodb://… --to FOLDER|mongodb://…',
    settings: /^MONGODB_(?!URL)/,
    run: copyAll
  },
  check: {
    does: 'checks the stored data for damage, also while the hub runs',
    usage: '[--data-dir FOLDER]',
    settings: /^DATA_DIR$/,
    run: check
  },
  validate: {
    does: 'reports what is wrong with FILE…: AASX, XML, JSON, NDJSON; --profile for the rules of an acceptance test; needs no hub',
    usage: `[--format text|json] FILE…
       aas-hub validate --profile kosmo|kosmo-2025|idta|PROFILE.json [--language en|ko] [--format text|json] FILE…`,
    settings: /^(TEMPLATE|SCHEMAS)/,
    run: validate,
    takesFiles: true
  },
  repair: {
    does: 'repairs what has one right answer by the rules of --profile into another file, lists each change and what is left',
    usage: `--profile kosmo|kosmo-2025|PROFILE.json FILE --output FILE [--inside xml|json] [--language en|ko]
       [--format text|json] [--url URL [--token-file FILE] | --data-dir FOLDER]
         missing ConceptDescriptions are those of the hub, else drafts`,
    settings: /^(DATA_DIR|MONGODB_|API_PREFIX)/,
    run: repair,
    takesFiles: true
  },
  export: {
    does: 'writes shells with their submodels, or everything, into a file; from the data directory, or --url of a running hub',
    usage: `--output FILE [--format aasx|json|xml] [--inside xml|json] [--version 3.1|3.0]
       [--url URL [--token-file FILE] | --data-dir FOLDER] [ID…]`,
    settings: /^(DATA_DIR|MONGODB_|API_PREFIX)/,
    run: exportFile,
    takesFiles: true
  },
  access: {
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
    run: access,
    takesFiles: true
  },
  setup: {
    does: 'makes an administrator, the key of a gateway and an auditor, and shows them once',
    usage: '[--url URL] [--json]',
    settings: STORE_SETTINGS,
    run: setup
  },
  keys: {
    does: 'creates, lists, rotates and revokes API keys of gateways and programs',
    usage: `create NAME [--role ROLE] [--push IDS] [--read IDS] [--claims JSON] [--expires 90d]
       aas-hub keys list | rotate KEY [--grace 1h] | revoke KEY
         IDS: ids of submodels, separated by commas; KEY: its id, or its name
         on a running hub: --url URL, with the key of an administrator in AAS_HUB_KEY or --token-file; --json for programs`,
    settings: STORE_SETTINGS,
    run: (config, extra, words) => identity('keys', config, extra, words),
    takesFiles: true
  },
  users: {
    does: 'creates, lists, changes and deletes the users of the hub itself; passwords are typed, or the first line of a file',
    usage: `create NAME --role ROLE [--claims JSON] [--password-file FILE]
       aas-hub users list | change NAME --role ROLE | password NAME [--password-file FILE]
       aas-hub users disable NAME | enable NAME | delete NAME
         on a running hub: --url URL, with the key of an administrator in AAS_HUB_KEY or --token-file; --json for programs`,
    settings: STORE_SETTINGS,
    run: (config, extra, words) => identity('users', config, extra, words),
    takesFiles: true
  },
  audit: {
    does: 'verifies the hash chain of the audit, exports it, or prints its head, to be kept elsewhere; also while the hub runs',
    usage: `verify [--head NUMBER:HASH|FILE] [--data-dir FOLDER | --url URL]
       aas-hub audit export [--format ndjson|syslog] [--after NUMBER] [--data-dir FOLDER | --url URL]
       aas-hub audit head [--data-dir FOLDER | --url URL]
         of a running hub with a key in AAS_HUB_KEY or --token-file`,
    settings: /^DATA_DIR$/,
    run: audit,
    takesFiles: true
  }
}

/** A mistake of the user; reported without a stack. */
class UsageError extends Error {}

try {
  await run(process.argv.slice(2))
} catch (error) {
  console.error(redact(describeError(error)))
  process.exit(1)
}

async function run(args: readonly string[]): Promise<void> {
  // Before the settings are read: help is given also where they are wrong.
  if (args.includes('--help') || args.includes('help') || args.includes('-h')) return console.log(help(args))
  if (args.includes('-v') || asksForVersion(args)) return console.log(VERSION)
  const long = args.map((arg) => (arg === '-o' ? '--output' : arg))
  const { config, words, extra } = readConfig(process.env, long, flags)
  const [word = 'serve', ...others] = words
  const verb = Object.hasOwn(verbs, word) ? verbs[word] : undefined
  const unknown = verb === undefined ? word : verb.takesFiles ? undefined : others[0]
  if (unknown !== undefined)
    throw new UsageError(`"${unknown}" is not known; there are: ${Object.keys(verbs).join(', ')}`)
  await verb?.run(config, extra, others)
}

/** `--version 3.0` names a release of the metamodel; without a number it asks for that of the hub. */
function asksForVersion(args: readonly string[]): boolean {
  const at = args.indexOf('--version')
  return at !== -1 && !/^\d/.test(args[at + 1] ?? '')
}

async function serve(config: Config): Promise<void> {
  const { createServer } = await import('./server.ts')
  const server = await createServer(config)
  const { log } = server.app
  let stopping = false
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1)
    stopping = true
    log.info(`${signal}: finishing running requests; a second signal ends at once`)
    server.close().then(
      () => process.exit(0),
      (error) => fail(error)
    )
  }
  const fail = (error: unknown) => {
    log.fatal({ err: error }, 'Fatal error')
    process.exit(1)
  }
  process.on('SIGTERM', stop).on('SIGINT', stop)
  // After an uncaught error the state of the process is unknown. The store survives any end.
  process.on('uncaughtException', fail).on('unhandledRejection', fail)

  let url: string
  try {
    url = await server.listen()
  } catch (error) {
    await server.close()
    throw error
  }
  if (process.stdout.isTTY) console.log(welcome(url, config))
}

async function backup(config: Config, extra: ReadonlyMap<string, string>): Promise<void> {
  const to = extra.get('to')
  if (to === undefined) throw new UsageError('backup needs --to with an empty folder')
  const { backupDirectory } = await import('./store/sqlite/backup.ts')
  await backupDirectory(config.DATA_DIR, to)
  console.log(`${config.DATA_DIR} is copied to ${to}`)
}

async function copyAll(config: Config, extra: ReadonlyMap<string, string>): Promise<void> {
  const [from, to] = [extra.get('from'), extra.get('to')]
  if (from === undefined || to === undefined) {
    throw new UsageError('migrate needs --from and --to, each a data directory or the address of a database')
  }
  const { connectionOf } = await import('./app/open-store.ts')
  const { migrate } = await import('./commands/migrate.ts')
  const { seq } = await migrate(from, to, connectionOf(config), (text) => console.error(text))
  console.log(`${from} is copied to ${to}, up to position ${seq} of the log; both were compared`)
}

async function check(config: Config): Promise<void> {
  const { checkDirectory } = await import('./store/sqlite/check.ts')
  const problems = await checkDirectory(config.DATA_DIR)
  if (problems.length > 0) throw new UsageError(`${config.DATA_DIR} is damaged:\n${problems.join('\n')}`)
  console.log(`${config.DATA_DIR} is sound`)
}

async function validate(config: Config, extra: ReadonlyMap<string, string>, files: readonly string[]): Promise<void> {
  const { readTemplates } = await import('./app/load-templates.ts')
  const { validateFiles } = await import('./commands/validate-report.ts')
  const { validateByProfile } = await import('./commands/conformance-report.ts')
  const isValid = await (extra.has('profile') ? validateByProfile : validateFiles)(extra, files, readTemplates(config))
  if (!isValid) process.exitCode = 1
}

async function repair(config: Config, extra: ReadonlyMap<string, string>, files: readonly string[]): Promise<void> {
  const { repairByProfile } = await import('./commands/repair.ts')
  const conforms = await repairByProfile(extra, files, localHub(config))
  if (!conforms) process.exitCode = 1
}

async function exportFile(config: Config, extra: ReadonlyMap<string, string>, ids: readonly string[]): Promise<void> {
  const { exportDocuments } = await import('./commands/export.ts')
  await exportDocuments(extra, ids, localHub(config))
}

/** The hub that the settings name; its store is opened only if it exists, as opening would make one. */
function localHub(config: Config): LocalHub {
  return {
    apiPrefix: config.API_PREFIX,
    directory: config.DATA_DIR,
    openStore: async () => {
      if (config.MONGODB_URL === '' && !existsSync(config.DATA_DIR)) return undefined
      const { openStore } = await import('./app/open-store.ts')
      return openStore(config)
    }
  }
}

async function access(config: Config, extra: ReadonlyMap<string, string>, words: readonly string[]): Promise<void> {
  const { runAccess } = await import('./commands/access.ts')
  const { openStore } = await import('./app/open-store.ts')
  const { extensionEndpoints } = await import('./app/extension-endpoints.ts')
  const done = await runAccess(words, extra, { config, openStore, extensions: extensionEndpoints })
  if (done === undefined) throw new UsageError(`Usage: aas-hub access ${verbs.access?.usage}`)
  process.stdout.write(done.output)
  if (!done.isGood) process.exitCode = 1
}

async function identity(
  verb: 'keys' | 'users',
  config: Config,
  extra: ReadonlyMap<string, string>,
  words: readonly string[]
): Promise<void> {
  const { runIdentity } = await import('./commands/identity.ts')
  const output = await runIdentity(verb, words, extra, await identityParts(config))
  if (output === undefined) throw new UsageError(`Usage: aas-hub ${verb} ${verbs[verb]?.usage}`)
  process.stdout.write(output)
}

async function setup(config: Config, extra: ReadonlyMap<string, string>): Promise<void> {
  const { runSetup } = await import('./commands/identity.ts')
  process.stdout.write(await runSetup(extra, await identityParts(config)))
}

async function identityParts(config: Config, clock: Clock = systemClock) {
  const { openStore } = await import('./app/open-store.ts')
  const { openAudit, securityEvents } = await import('./app/audit.ts')
  // A command records only what is in the commit of its change.
  const log = { error: () => {} }
  return {
    ...{ openStore: () => openStore(config), parseDuration, clock },
    eventsOf: (store: Store) => securityEvents(openAudit({ config, store, clock, log }))
  }
}

async function audit(config: Config, extra: ReadonlyMap<string, string>, words: readonly string[]): Promise<void> {
  const { isAuditAction, runAudit } = await import('./commands/audit.ts')
  const write = async (text: string) => {
    if (!process.stdout.write(text)) await once(process.stdout, 'drain')
  }
  const [action = '', ...others] = words
  if (!isAuditAction(action) || others.length > 0) throw new UsageError(`Usage: aas-hub audit ${verbs.audit?.usage}`)
  const problem = await runAudit(action, { flags: extra, directory: config.DATA_DIR, write })
  if (problem !== undefined) throw new UsageError(problem)
}

/** Help on the verb that is named, or on all. */
function help(args: readonly string[]): string {
  const named = args.find((word) => Object.hasOwn(verbs, word)) ?? ''
  const { usage = '[--flag value …]', does, settings = /^/ } = verbs[named] ?? {}
  const list = (rows: readonly (readonly [string, string])[]) => {
    const width = Math.max(...rows.map(([name]) => name.length))
    return rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`).join('\n')
  }
  const rows = settingsTable()
    .filter(([name]) => settings.test(name))
    .map(([name, flag, defaultValue, means]): [string, string] => [
      `${flag}, ${name}`,
      `${means.replaceAll('`', '')}${defaultValue === '' ? '' : ` (${defaultValue})`}`
    ])
  const about =
    does === undefined
      ? `Verbs\n${list(Object.entries(verbs).map(([name, verb]) => [name, verb.does]))}`
      : `It ${does}.`
  return `AAS Hub ${VERSION}

Usage: aas-hub ${does === undefined ? '[verb]' : named} ${usage}

${about}

Settings: a flag, or the environment variable of the same name; the flag wins
${list(rows)}
`
}

function welcome(url: string, { API_PREFIX }: Config): string {
  return `
  AAS Hub ${VERSION}: ${url}

  ${url}/docs            API documentation, to read and to try
  ${url}${API_PREFIX}/shells    Asset Administration Shells
`
}

/** Mistakes of the user in a line or few; other errors with their stack. */
function describeError(error: unknown): string {
  if (error instanceof ConfigError)
    return `The hub cannot start:\n${error.problems.map((problem) => `  ${problem}`).join('\n')}`
  if (error instanceof HubError) {
    const reasons = error.violations.map(({ pointer, rule, text }) => `\n  ${pointer} [${rule}] ${text}`)
    return `${error.message}${reasons.join('')}`
  }
  if (error instanceof UsageError) return error.message
  const { code, message, port, address, path } = error as NodeJS.ErrnoException & { port?: number; address?: string }
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} of ${address} is in use; choose another one with --port or PORT`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `This machine has no address ${address ?? ''}; choose another one with --host or HOST (${message})`
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOENT':
    case 'ENOTDIR':
      return `${path ?? `Port ${port}`}: ${message}`
    default:
      return error instanceof Error ? (error.stack ?? message) : String(error)
  }
}
