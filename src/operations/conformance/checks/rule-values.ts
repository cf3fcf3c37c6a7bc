/** The parameters of checks, as a profile gives them. */

/** What a parameter of a check may be; a mark `?` says that it may be absent. */
export type RuleValueKind = 'text' | 'texts' | 'pattern' | 'flag' | 'range' | 'map'
export type ValueDeclarations = Readonly<Record<string, RuleValueKind | `${RuleValueKind}?`>>

interface ValueTypes {
  text: string
  texts: readonly string[]
  pattern: RegExp
  flag: boolean
  /** From and to, both included. */
  range: readonly [number, number]
  /** Texts by text. */
  map: Readonly<Record<string, readonly string[]>>
}

type TypeOf<Kind> = Kind extends `${infer Name extends RuleValueKind}?`
  ? ValueTypes[Name] | undefined
  : Kind extends RuleValueKind
    ? ValueTypes[Kind]
    : never

export type RuleValues<Declared> = { readonly [Name in keyof Declared]: TypeOf<Declared[Name]> }

const readers: { readonly [Kind in RuleValueKind]: (value: unknown) => ValueTypes[Kind] | undefined } = {
  text: (value) => (typeof value === 'string' ? value : undefined),
  texts: (value) => (isTexts(value) ? value : undefined),
  pattern: (value) => {
    try {
      return typeof value === 'string' ? new RegExp(value, 'u') : undefined
    } catch {
      return undefined
    }
  },
  flag: (value) => (typeof value === 'boolean' ? value : undefined),
  range: (value) => {
    if (!Array.isArray(value) || value.length !== 2 || !value.every(Number.isInteger)) return undefined
    return [value[0], value[1]]
  },
  map: (value) => {
    if (typeof value !== 'object' || value === null || !Object.values(value).every(isTexts)) return undefined
    return value as ValueTypes['map']
  }
}

const words: Readonly<Record<RuleValueKind, string>> = {
  text: 'a text',
  texts: 'a list of texts',
  pattern: 'a regular expression',
  flag: 'true or false',
  range: 'two whole numbers, from and to',
  map: 'an object with lists of texts'
}

/** @param fail receives one sentence @returns the values, converted */
export function readValues(
  declared: ValueDeclarations,
  given: Readonly<Record<string, unknown>>,
  fail: (text: string) => never
): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const [name, mark] of Object.entries(declared)) {
    const kind = mark.replace('?', '') as RuleValueKind
    if (given[name] === undefined && mark.endsWith('?')) continue
    const value = readers[kind](given[name])
    if (value === undefined) fail(`the value ${name} is ${JSON.stringify(given[name])}, expected ${words[kind]}`)
    values[name] = value
  }
  return values
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
