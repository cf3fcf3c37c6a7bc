/** Reads the settings from the environment and the command line. */
import { suggest } from '../formats/suggest.ts'
import { settings } from './settings.ts'

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

export interface CommandLine {
  readonly config: Config
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
export function settingsTable(): readonly (readonly [
  name: string,
  flag: string,
  defaultValue: string,
  means: string
])[] {
  return names().map((name) => [name, `--${flagOf(name)}`, settings[name].default, settings[name].means])
}

/** The settings that are not the default, as text. None is a secret: secrets are in files, which settings name. */
export function changedSettings(config: Config): Readonly<Record<string, string>> {
  const changed = names().flatMap((name) => {
    const value = textOf(config[name])
    return value === textOf(settings[name].parse(settings[name].default)) ? [] : [[name, value] as const]
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
