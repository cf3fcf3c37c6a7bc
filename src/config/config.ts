/** Reads the settings from the environment and the command line. */
import { suggest } from '../formats/suggest.ts'
import { type MemoryPlan, memoryPlan } from '../memory/plan.ts'
import { settings } from './settings.ts'
import { settingsKo } from './settings-ko.ts'

export type SettingName = keyof typeof settings
export type Config = { readonly [Name in SettingName]: ReturnType<(typeof settings)[Name]['parse']> }

/** All wrong settings; each message names the setting, what was found and what was expected. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** A setting as it was written, and where: as an environment variable or as a flag. */
export interface GivenSetting {
  readonly text: string
  readonly source: 'environment' | 'flag'
}

export type GivenSettings = ReadonlyMap<SettingName, GivenSetting>

export interface CommandLine {
  readonly config: Config
  /** Settings that are not left at their defaults. */
  readonly given: GivenSettings
  /** Arguments that are no flags: the verb and its files. */
  readonly words: readonly string[]
  /** Flags that are not settings, such as `--help`; '' where given without a value. */
  readonly extra: ReadonlyMap<string, string>
}

/**
 * Reads the settings.
 * @param environment unknown variables are ignored: most belong to other programs
 * @param args the command line without program and script
 * @param flags names of flags beside the settings; true where the flag takes a value
 * @throws ConfigError with all that is wrong
 */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>>,
  args: readonly string[] = [],
  flags: Readonly<Record<string, boolean>> = {}
): CommandLine {
  const problems: string[] = []
  const given = new Map<SettingName, GivenSetting>()
  const extra = new Map<string, string>()
  for (const name of names()) {
    const value = environment[name]
    if (value !== undefined && value !== '') given.set(name, { text: value, source: 'environment' })
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
    else given.set(name, { text: value ?? 'true', source: 'flag' })
  }
  const parsed = Object.fromEntries(
    names().map((name) => {
      const { text, source } = given.get(name) ?? { text: settings[name].default, source: 'environment' }
      try {
        return [name, settings[name].parse(text)]
      } catch (error) {
        problems.push(
          `${source === 'flag' ? `--${flagOf(name)}` : name} is ${JSON.stringify(text)}, expected ${error instanceof Error ? error.message : error}`
        )
        return [name, undefined]
      }
    })
  ) as Config
  if (parsed.DEFAULT_LIMIT > parsed.MAX_LIMIT) {
    problems.push(`DEFAULT_LIMIT is ${parsed.DEFAULT_LIMIT}, expected at most MAX_LIMIT, which is ${parsed.MAX_LIMIT}`)
  }
  if (problems.length > 0) throw new ConfigError(problems)
  const isAuto = (name: SettingName) => (given.get(name)?.text ?? settings[name].default) === 'auto'
  return { config: withPlan(parsed, isAuto), given, words, extra }
}

/** The memory of all parts: as it follows from `MEMORY`, where no setting of their own says otherwise. */
export function planOf(config: Pick<Config, 'MEMORY' | keyof typeof PLANNED>): MemoryPlan {
  const plan = memoryPlan(config.MEMORY)
  return { ...plan, cache: config.CACHE_SIZE, body: config.BODY_LIMIT, bodies: config.BODY_MEMORY }
}

/** Settings that follow from `MEMORY` while they are `auto`. */
const PLANNED = { CACHE_SIZE: 'cache', BODY_LIMIT: 'body', BODY_MEMORY: 'bodies' } as const

function withPlan(config: Config, isAuto: (name: SettingName) => boolean): Config {
  const plan = memoryPlan(config.MEMORY)
  const sizes = Object.entries(PLANNED).flatMap(([name, part]) =>
    isAuto(name as keyof typeof PLANNED) ? [[name, plan[part]] as const] : []
  )
  const threads = isAuto('EXPORT_THREADS') ? Math.min(config.EXPORT_THREADS, plan.threads) : config.EXPORT_THREADS
  return { ...config, ...Object.fromEntries(sizes), EXPORT_THREADS: threads }
}

/** The settings as docs/settings.md lists them: name, flag, default, meaning in a language. */
export function settingsTable(
  language: 'en' | 'ko' = 'en'
): readonly (readonly [name: SettingName, flag: string, defaultValue: string, means: string])[] {
  const meaning = (name: SettingName) => (language === 'ko' ? settingsKo[name] : settings[name].means)
  return names().map((name) => [name, `--${flagOf(name)}`, settings[name].default, meaning(name)])
}

/** A setting as it is in force. */
export interface SettingInForce {
  readonly name: SettingName
  readonly flag: string
  /** As it was written; '' where not set. Undefined: it names a secret. */
  readonly value: string | undefined
  readonly isSet: boolean
  readonly source: 'default' | GivenSetting['source']
  readonly default: string
  readonly meaning: { readonly en: string; readonly ko: string }
}

/** Files with passwords and private keys: their value is shown nowhere. */
const LEADS_TO_SECRET = /_(?:CREDENTIALS_FILE|KEY)$/

/** All settings in the order of their table. @param given as {@link readConfig} found them */
export function settingsInForce(given: GivenSettings): readonly SettingInForce[] {
  return settingsTable().map(([name, flag, defaultValue, means]) => {
    const { text = defaultValue, source = 'default' as const } = given.get(name) ?? {}
    const value = LEADS_TO_SECRET.test(name) ? undefined : text
    const meaning = { en: means, ko: settingsKo[name] }
    return { name, flag, value, isSet: text !== '', source, default: defaultValue, meaning }
  })
}

/** The settings that are not the default, as text. None is a secret: secrets are in files, which settings name. */
export function changedSettings(config: Config): Readonly<Record<string, string>> {
  const defaults = Object.fromEntries(names().map((name) => [name, settings[name].parse(settings[name].default)]))
  const standard = withPlan(
    { ...(defaults as Config), MEMORY: config.MEMORY },
    (name) => settings[name].default === 'auto'
  )
  const changed = names().flatMap((name) => {
    const value = textOf(config[name])
    const byDefault = textOf(name === 'MEMORY' ? (defaults as Config).MEMORY : standard[name])
    return value === byDefault ? [] : [[name, value] as const]
  })
  return Object.fromEntries(changed)
}

function textOf(value: Config[SettingName]): string {
  if (typeof value !== 'object') return String(value)
  if (value instanceof Map) return [...value].map(([name, one]) => `${name}=${one}`).join(', ')
  return Array.isArray(value) ? value.join(', ') : JSON.stringify(value)
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
 * Splits arguments into flags and words. Not `parseArgs` of Node: it stops at the first mistake, or takes the next flag
 * for a value, while here all mistakes are reported at once.
 */
function split(args: readonly string[], takesValue: (flag: string) => boolean): { words: string[]; options: Option[] } {
  const words: string[] = []
  const options: Option[] = []
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? ''
    const [, flag = '', inline] = /^--([^=]+)(?:=(.*))?$/s.exec(arg) ?? []
    if (flag === '') {
      words.push(arg)
      continue
    }
    const next = args[index + 1]
    const follows = inline === undefined && takesValue(flag) && next !== undefined && !next.startsWith('--')
    if (follows) index++
    options.push({ flag, value: follows ? next : inline, takesValue: takesValue(flag) })
  }
  return { words, options }
}
