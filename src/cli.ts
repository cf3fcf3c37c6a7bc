/** The command line: parses it, runs the verb, and reports what fails. */
import { VERSION } from './app/version.ts'
import { UsageError } from './cli/verb.ts'
import { verbs } from './cli/verbs.ts'
import { ConfigError, readConfig, settingsTable } from './config/config.ts'
import { HubError } from './errors.ts'
import { redact } from './redact.ts'

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
  hub: true,
  map: true,
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
  json: false,
  against: true,
  key: true,
  writes: false,
  'reference-model': false,
  'id-base': true,
  thumbnail: true,
  serial: true,
  'restore-drill': true,
  documents: true,
  security: true,
  sampling: true,
  secret: true,
  'user-file': true
}

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
  const { config, given, words, extra } = readConfig(process.env, long, flags)
  const [word = 'serve', ...others] = words
  const verb = Object.hasOwn(verbs, word) ? verbs[word] : undefined
  const unknown = verb === undefined ? word : verb.takesFiles ? undefined : others[0]
  if (unknown !== undefined)
    throw new UsageError(`"${unknown}" is not known; there are: ${Object.keys(verbs).join(', ')}`)
  await verb?.run(config, extra, others, given)
}

/** `--version 3.0` names a release of the metamodel; without a number it asks for that of the hub. */
function asksForVersion(args: readonly string[]): boolean {
  const at = args.indexOf('--version')
  return at !== -1 && !/^\d/.test(args[at + 1] ?? '')
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
