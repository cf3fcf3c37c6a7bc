/**
 * Everything that can be set, as one table. A setting is an environment variable (`DATA_DIR=/var/lib/hub`) or a flag of
 * the same name (`--data-dir /var/lib/hub`); the flag wins. Parsing, checks, `--help` and docs/settings.md are derived from it.
 */
import { parseHistoryPolicy } from './consumers/history/policy.ts'
import { suggest } from './formats/suggest.ts'

/** How a text becomes a value; throws an Error that says what was expected. */
type Parse<Value> = (text: string) => Value

interface Setting<Value> {
  readonly parse: Parse<Value>
  /** As it would be written; empty: not set. */
  readonly default: string
  readonly means: string
  /** A flag that needs no value. */
  readonly flag?: true
}

/** What becomes of a submodel that breaks the rules of its template. */
const POLICIES = ['off', 'warn', 'enforce'] as const

export const settings = {
  HOST: { parse: text, default: '127.0.0.1', means: 'Address to listen on; `0.0.0.0` for every network' },
  PORT: { parse: port, default: '8080', means: 'Port to listen on; `0` takes a free one' },
  DATA_DIR: { parse: text, default: './data', means: 'Folder in which everything is kept; created where absent' },
  MONGODB_URL: {
    parse: database,
    default: '',
    means:
      'Address of a MongoDB in which everything is kept instead, for several hubs to share; `DATA_DIR` is for passing files then, one for each hub'
  },
  MONGODB_CREDENTIALS_FILE: { parse: text, default: '', means: 'File with `user:password` for the database' },
  MONGODB_CA_FILE: { parse: text, default: '', means: 'File of the certificates (PEM) that vouch for the database' },
  MONGODB_POOL_SIZE: { parse: count, default: '20', means: 'Connections to the database, at most' },
  MONGODB_CONNECT_TIMEOUT: {
    parse: timeout,
    default: '2s',
    means: 'How long the database is looked for before a request is refused'
  },
  MONGODB_TIMEOUT: { parse: timeout, default: '10s', means: 'How long the database may take for an answer' },
  API_PREFIX: {
    parse: prefix,
    default: '/api/v3',
    means: 'Path below which the standard API is served; the aliases add `.0` and `.1`'
  },
  PUBLIC_URL: {
    parse: url,
    default: '',
    means: 'Address under which others reach the hub, where a proxy stands before it; without path'
  },
  PRELOAD: {
    parse: text,
    default: '',
    means: 'File, or folder of files (`.aasx`, `.json`, `.xml`), loaded at start; what is already stored stays as it is'
  },
  LENIENT: {
    parse: boolean,
    default: 'false',
    flag: true,
    means: 'Take documents that break rules when they are uploaded or preloaded, and keep the reasons'
  },
  TEMPLATES: {
    parse: oneOf(...POLICIES),
    default: 'warn',
    means:
      'What to do with a submodel that is not what the template of its semanticId asks for: `off` nothing, `warn` store it and keep the reasons, `enforce` refuse it'
  },
  TEMPLATE_POLICY: {
    parse: policies,
    default: '',
    means: 'Exceptions from that, by comma: `semanticId=enforce`, `semanticId=off`'
  },
  SCHEMAS_DIR: {
    parse: text,
    default: '',
    means:
      'Folder of further JSON Schemas, or of submodel templates as `.json`; one goes before what the hub knows for the same semanticId'
  },
  BODY_LIMIT: { parse: size, default: '16MiB', means: 'Largest JSON body' },
  BODY_MEMORY: {
    parse: size,
    default: '128MiB',
    means: 'Memory that large JSON bodies may take together while they arrive; beyond it they are answered with 503'
  },
  MAX_CONNECTIONS: {
    parse: count,
    default: '20000',
    means: 'Connections at once; requests on more are answered with 503'
  },
  UPLOAD_LIMIT: { parse: size, default: '1GiB', means: 'Largest file: packages, attachments, thumbnails' },
  DEFAULT_LIMIT: { parse: count, default: '100', means: 'Entries on a page when the caller does not say how many' },
  MAX_LIMIT: { parse: count, default: '1000', means: 'Most entries on a page, whatever the caller asks for' },
  REQUEST_TIMEOUT: { parse: timeout, default: '5m', means: 'Longest time for a request to arrive completely' },
  DRAIN_TIMEOUT: {
    parse: timeout,
    default: '10s',
    means: 'Longest time that requests under way get when the hub stops'
  },
  CACHE_SIZE: { parse: size, default: '64MiB', means: 'Memory that the store may use for its cache' },
  LOG_RETENTION: { parse: duration, default: '7d', means: 'How long the log of changes is kept' },
  HISTORY: {
    parse: parseHistoryPolicy,
    default: '',
    means:
      'What of the history is kept, where no qualifier `History` says it: `off`, or `keep=P1Y; after=P30D; mean=PT1M`; all when empty'
  },
  LOG_SIZE: {
    parse: size,
    default: '4GiB',
    means: 'How much the log of changes may take; beyond it the oldest go before their time'
  },
  FUTURE_LIMIT: {
    parse: optionalDuration,
    default: '10m',
    means: 'How far ahead of the clock of the hub the time of a sample may be; `off` for no limit'
  },
  FUTURE_SAMPLES: {
    parse: oneOf('refuse', 'clamp'),
    default: 'refuse',
    means:
      'What to do with samples from beyond that: `refuse` them, or `clamp` them to the time of arrival, with quality uncertain, as is always done with those by MQTT'
  },
  UNKNOWN_SERIES: {
    parse: oneOf('refuse', 'create'),
    default: 'refuse',
    means: 'What to do with samples for an element that does not exist: `refuse` them, or `create` the Property'
  },
  UNKNOWN_SUBMODEL: {
    parse: text,
    default: '',
    means: 'Id of the one submodel that samples may create; any that they name when empty'
  },
  UNKNOWN_TEMPLATE: {
    parse: text,
    default: '',
    means: 'The semanticId, of a submodel template, that a submodel created by samples is given'
  },
  SEGMENT_RECORDS: {
    parse: count,
    default: '100',
    means: 'Latest records that a submodel of time series (IDTA 02008) shows in its internal segment'
  },
  STREAM_HEARTBEAT: {
    parse: timeout,
    default: '20s',
    means: 'Time between signs of life on a WebSocket; a client that gives none is gone'
  },
  STREAM_DEFLATE: {
    parse: boolean,
    default: 'false',
    flag: true,
    means: 'Let clients of the WebSocket have each message compressed'
  },
  LINE_MAPPING: {
    parse: text,
    default: '',
    means:
      'JSON file that says where points of the line protocol belong; when empty, by the tag `submodel` or the measurement'
  },
  CORS_ORIGIN: {
    parse: origins,
    default: '',
    means: 'Web origins that may call the API from a browser, by comma; `*` for all; none when empty'
  },
  ALLOWED_HOSTS: {
    parse: hosts,
    default: '',
    means:
      'Names by which the hub may be called besides that of `PUBLIC_URL`, by comma; `*` for any. When empty: any where it listens on other networks, `localhost` and addresses where it listens on this machine only'
  },
  REGISTER_AT: {
    parse: address,
    default: '',
    means: 'API root of a registry to which shells and submodels are made known; `PUBLIC_URL` tells it where they are'
  },
  MQTT_URL: {
    parse: broker,
    default: '',
    means: 'Address of an MQTT broker from which samples are taken: `mqtt://`, `mqtts://`, `ws://` or `wss://`'
  },
  MQTT_CREDENTIALS_FILE: { parse: text, default: '', means: 'File with `user:password` for the broker' },
  MQTT_CA_FILE: { parse: text, default: '', means: 'File of the certificates (PEM) that vouch for the broker' },
  MQTT_CLIENT_ID: {
    parse: text,
    default: '',
    means: 'By which the broker knows the hub again; made from the data when empty. No two clients may have the same'
  },
  MQTT_MAPPING: {
    parse: text,
    default: '',
    means:
      'JSON file that says which topics are which elements; when empty, Sparkplug B devices by the idShort of their submodel, and what asset interfaces (IDTA 02017) describe'
  },
  MQTT_PUBLISH: {
    parse: level,
    default: '',
    means: 'Name of this repository in the topics of Eclipse BaSyx, on which changes are told; not told when empty'
  },
  OPERATION_TARGETS: {
    parse: addresses,
    default: '',
    means: 'Addresses to which invocations of Operations may be handed on, by comma; what lies below them counts too'
  },
  OPERATIONS: {
    parse: text,
    default: '',
    means:
      'JavaScript module whose default export has functions that carry out Operations, by `submodelId/idShortPath` or semanticId'
  },
  LOG_LEVEL: {
    parse: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    default: 'info',
    means: 'From which level on the hub logs: `trace`, `debug`, `info`, `warn`, `error`, `fatal`, `silent`'
  },
  LOG_FORMAT: {
    parse: oneOf('auto', 'pretty', 'json'),
    default: 'auto',
    means: 'Log lines for people (`pretty`) or for machines (`json`); `auto`: pretty on a terminal'
  }
} as const satisfies Record<string, Setting<unknown>>

export type SettingName = keyof typeof settings
export type Config = { readonly [Name in SettingName]: ReturnType<(typeof settings)[Name]['parse']> }

/** Wrong settings, all of them; each message names the setting, what was found and what was expected. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

export interface CommandLine {
  readonly config: Config
  /** What stands beside the settings: the verb. */
  readonly words: readonly string[]
  /** Flags that are not settings, such as `--help`; '' where given without a value. */
  readonly extra: ReadonlyMap<string, string>
}

/**
 * Reads the settings.
 * @param environment unknown variables are left alone: most belong to others
 * @param args the command line without program and script
 * @param flags names of flags beside the settings; true where the flag takes a value
 * @throws ConfigError with everything that is wrong
 */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>>,
  args: readonly string[] = [],
  flags: Readonly<Record<string, boolean>> = {}
): CommandLine {
  const problems: string[] = []
  const given = new Map<SettingName, { text: string; source: string }>()
  const extra = new Map<string, string>()
  for (const name of names()) {
    const value = environment[name]
    if (value !== undefined && value !== '') given.set(name, { text: value, source: name })
  }
  const { words, options } = split(args, (flag) => {
    const name = settingOf(flag)
    return name === undefined ? flags[flag] === true : !isFlag(name)
  })
  for (const { flag, value, takesValue } of options) {
    const name = settingOf(flag)
    if (name === undefined && !Object.hasOwn(flags, flag)) {
      const near = suggest(flag, [...names().map(flagOf), ...Object.keys(flags)])
      problems.push(`--${flag} is not known${near === undefined ? '' : `; did you mean --${near}?`}`)
    } else if (value === undefined && takesValue) problems.push(`--${flag} needs a value`)
    else if (name === undefined) extra.set(flag, value ?? '')
    else given.set(name, { text: value ?? 'true', source: `--${flag}` })
  }
  const config = Object.fromEntries(
    names().map((name) => {
      const { text, source } = given.get(name) ?? { text: settings[name].default, source: name }
      try {
        return [name, settings[name].parse(text)]
      } catch (error) {
        problems.push(
          `${source} is ${JSON.stringify(text)}, expected ${error instanceof Error ? error.message : error}`
        )
        return [name, undefined]
      }
    })
  ) as Config
  if (config.DEFAULT_LIMIT > config.MAX_LIMIT) {
    problems.push(`DEFAULT_LIMIT is ${config.DEFAULT_LIMIT}, expected at most MAX_LIMIT, which is ${config.MAX_LIMIT}`)
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return { config, words, extra }
}

/** The settings as docs/settings.md lists them: name, flag, default, meaning. */
export function settingsTable(): readonly (readonly [name: string, flag: string, standard: string, means: string])[] {
  return names().map((name) => [name, `--${flagOf(name)}`, settings[name].default, settings[name].means])
}

function names(): SettingName[] {
  return Object.keys(settings) as SettingName[]
}

function flagOf(name: SettingName): string {
  return name.toLowerCase().replaceAll('_', '-')
}

function settingOf(flag: string): SettingName | undefined {
  return names().find((name) => flagOf(name) === flag)
}

function isFlag(name: SettingName): boolean {
  return 'flag' in settings[name]
}

interface Option {
  readonly flag: string
  readonly value: string | undefined
  readonly takesValue: boolean
}

/**
 * Tells flags from words. Not `parseArgs` of Node: it stops at the first mistake, or takes the next flag for a value,
 * and all mistakes are to be told at once.
 */
function split(args: readonly string[], takesValue: (flag: string) => boolean): { words: string[]; options: Option[] } {
  const words: string[] = []
  const options: Option[] = []
  for (let place = 0; place < args.length; place++) {
    const arg = args[place] ?? ''
    const [, flag = '', inline] = /^--([^=]+)(?:=(.*))?$/s.exec(arg) ?? []
    if (flag === '') {
      words.push(arg)
      continue
    }
    const next = args[place + 1]
    const follows = inline === undefined && takesValue(flag) && next !== undefined && !next.startsWith('--')
    if (follows) place++
    options.push({ flag, value: follows ? next : inline, takesValue: takesValue(flag) })
  }
  return { words, options }
}

// ---- the kinds of value

function text(text: string): string {
  return text
}

function boolean(text: string): boolean {
  const value = { true: true, yes: true, '1': true, false: false, no: false, '0': false }[text.toLowerCase()]
  if (value === undefined) throw new Error('true or false')
  return value
}

function port(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new Error('a port from 0 to 65535')
  return Number(text)
}

function count(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error('a whole number from 1 on')
  return Number(text)
}

const UNITS = {
  '': 1,
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12
}

/** Bytes. */
function size(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,9})\s*([a-zA-Z]*)$/.exec(text) ?? []
  const factor = Object.entries(UNITS).find(([name]) => name.toLowerCase() === unit.toLowerCase())?.[1]
  const bytes = Number(number) * (factor ?? Number.NaN)
  if (number === '' || !Number.isSafeInteger(bytes) || bytes < 1) throw new Error('a size such as 512KiB, 16MiB or 2GB')
  return bytes
}

const MILLISECONDS_PER_UNIT = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds. */
function duration(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? []
  const span =
    Number(number) * (Object.entries(MILLISECONDS_PER_UNIT).find(([name]) => name === unit)?.[1] ?? Number.NaN)
  if (number === '' || span < 1 || span > 3650 * MILLISECONDS_PER_UNIT.d)
    throw new Error('a time such as 500ms, 30s, 5m, 12h or 7d')
  return span
}

/** Milliseconds; Infinity for `off`. */
function optionalDuration(text: string): number {
  if (text === 'off') return Number.POSITIVE_INFINITY
  try {
    return duration(text)
  } catch (error) {
    throw new Error(`${(error as Error).message}, or off`)
  }
}

/** Milliseconds, at most as long as a timer can wait. */
function timeout(text: string): number {
  const span = duration(text)
  if (span > 24 * MILLISECONDS_PER_UNIT.d) throw new Error('a time of at most 24d')
  return span
}

/** A path of plain segments, which mean the same to the router, to proxies and to people. */
function prefix(text: string): string {
  if (!/^(\/[a-zA-Z0-9._-]+)+$/.test(text) || /\/\.\.?(\/|$)/.test(text)) throw new Error('a path such as /api/v3')
  return text
}

/** '' where not set, else without a slash at the end. */
function url(text: string): string {
  if (text === '') return ''
  const parsed = URL.parse(text)
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol) || parsed.href !== `${parsed.origin}/`) {
    throw new Error('an address such as https://hub.example.com')
  }
  return parsed.origin
}

function origins(text: string): '*' | readonly string[] {
  if (text === '*') return text
  const list = text === '' ? [] : text.split(',').map((origin) => origin.trim())
  if (list.some((origin) => URL.parse(origin)?.origin !== origin)) {
    throw new Error('* or origins such as https://app.example.com, by comma')
  }
  return list
}

/** Names without port. */
function hosts(text: string): '*' | readonly string[] {
  if (text === '*') return text
  const list = text === '' ? [] : text.split(',').map((name) => name.trim())
  if (list.some((name) => !/^[a-zA-Z0-9._-]+$/.test(name))) {
    throw new Error('* or names such as hub.example.com, by comma, without port')
  }
  return list
}

/** Of an MQTT broker. A password in it would be seen in every list of processes. */
function broker(text: string): string {
  if (text === '') return ''
  const parsed = URL.parse(text)
  const known = ['mqtt:', 'mqtts:', 'ws:', 'wss:'].includes(parsed?.protocol ?? '')
  if (!known || parsed?.hostname === '') throw new Error('an address such as mqtt://broker.example.com:1883')
  if (parsed?.username !== '' || parsed.password !== '') throw new Error('no password here, but MQTT_CREDENTIALS_FILE')
  return text
}

/** Of a database. A password in it would be seen in every list of processes. */
function database(text: string): string {
  if (text === '') return ''
  // Several hosts by comma are no URL; the driver reads them.
  const [, user] = /^mongodb(?:\+srv)?:\/\/([^@/]*@)?[^@/?]+(?:[/?].*)?$/.exec(text) ?? [text, '?']
  if (user === '?') throw new Error('an address such as mongodb://db1.example.com,db2.example.com/hub?replicaSet=rs0')
  if (user?.includes(':') === true) throw new Error('no password here, but MONGODB_CREDENTIALS_FILE')
  return text
}

/** One level of a topic. */
function level(text: string): string {
  if (/[/+#\s\0]/.test(text)) throw new Error('a name such as plant-1, without /, + and #')
  return text
}

/** '' where not set, else without a slash at the end. */
function address(text: string): string {
  if (text !== '' && !['http:', 'https:'].includes(URL.parse(text)?.protocol ?? '')) {
    throw new Error('an address such as https://registry.example.com/api/v3')
  }
  return text.replace(/\/+$/, '')
}

function addresses(text: string): readonly string[] {
  return text === '' ? [] : text.split(',').map((one) => address(one.trim()))
}

/** Policies by semanticId. */
function policies(text: string): ReadonlyMap<string, (typeof POLICIES)[number]> {
  const found = new Map<string, (typeof POLICIES)[number]>()
  for (const one of text === '' ? [] : text.split(',')) {
    const at = one.lastIndexOf('=')
    const policy = POLICIES.find((policy) => policy === one.slice(at + 1).trim())
    if (at < 1 || policy === undefined)
      throw new Error(`semantic ids, each with =${POLICIES.join(' or =')}, by comma; "${one}" is none`)
    found.set(one.slice(0, at).trim(), policy)
  }
  return found
}

function oneOf<const Choice extends string>(...choices: Choice[]): Parse<Choice> {
  return (text) => {
    const choice = choices.find((choice) => choice === text.toLowerCase())
    if (choice !== undefined) return choice
    const near = suggest(text, choices)
    throw new Error(`one of ${choices.join(', ')}${near === undefined ? '' : `; did you mean ${near}?`}`)
  }
}
