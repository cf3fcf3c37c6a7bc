/** Topic patterns with named levels, and templates with placeholders for these names. */

export interface TopicPattern {
  /** The topic filter (MQTT 5.0, 4.7): `plant/+/#`. */
  readonly filter: string
  /** Names of levels in the pattern. */
  readonly names: readonly string[]
  /** The levels by name; undefined where the topic does not match. */
  match(levels: readonly string[]): TopicLevels | undefined
}

/** Levels of a topic by name; `{rest...}` has any number of them. */
export type TopicLevels = ReadonlyMap<string, readonly string[]>

/**
 * Parses a pattern: `{name}` matches one level and `{name...}`, at the end, all remaining ones; so do `+` and `#`,
 * without a name.
 * @throws Error
 */
export function topicPattern(text: string): TopicPattern {
  const steps = text.split('/').map((level, at, all) => {
    const [, named, rest] = /^\{(\w+)(\.\.\.)?\}$/.exec(level) ?? []
    const isRest = level === '#' || rest !== undefined
    if (isRest && at < all.length - 1) throw new Error(`"${level}" must be the last level of "${text}"`)
    if (named === undefined && level !== '#' && level !== '+' && /[+#{}\0]/.test(level)) {
      throw new Error(`"${level}" in "${text}" is neither a topic level nor a placeholder`)
    }
    return { level, name: named, isRest, isOpen: isRest || named !== undefined || level === '+' }
  })
  if (text === '') throw new Error('a topic pattern must not be empty')
  const names = steps.flatMap(({ name }) => name ?? [])
  if (new Set(names).size < names.length) throw new Error(`a name occurs twice in "${text}"`)
  return {
    filter: steps.map(({ level, isRest, isOpen }) => (isRest ? '#' : isOpen ? '+' : level)).join('/'),
    names,
    match(levels) {
      const hasRest = steps.at(-1)?.isRest === true
      if (hasRest ? levels.length < steps.length : levels.length !== steps.length) return undefined
      // [MQTT-4.7.2-1] A wildcard does not match the broker's own topics.
      if (steps[0]?.isOpen === true && levels[0]?.startsWith('$') === true) return undefined
      const named = new Map<string, readonly string[]>()
      for (const [at, { level, name, isRest, isOpen }] of steps.entries()) {
        if (!isOpen && levels[at] !== level) return undefined
        if (name !== undefined) named.set(name, isRest ? levels.slice(at) : [levels[at] ?? ''])
      }
      return named
    }
  }
}

/** Names of the placeholders of a template. */
export function placeholdersIn(template: string): string[] {
  return [...template.matchAll(PLACEHOLDER)].map(([, name = '']) => name)
}

/** Replaces each `{name}`; several levels are joined by `separator`. */
export function fillTemplate(template: string, levels: TopicLevels, separator: string): string {
  return template.replace(PLACEHOLDER, (_, name: string) => (levels.get(name) ?? []).join(separator))
}

const PLACEHOLDER = /\{(\w+)\}/g

/** The name of a signal as a dotted path: `/` and `.` separate its steps. */
export function dottedPath(name: string): string {
  return name
    .split(/[/.]/)
    .filter((step) => step !== '')
    .join('.')
}

/**
 * The idShortPath that people may have given the element of a signal: characters that an idShort must not contain become
 * underscores. Indexes, `[0]`, stay.
 */
export function idShortPathOf(name: string): string {
  return name
    .split(/[/.]/)
    .filter((step) => step !== '')
    .map((step) => {
      const end = endOfName(step)
      return step.slice(0, end).replace(/[^a-zA-Z0-9_-]/g, '_') + step.slice(end)
    })
    .join('.')
}

/** Where the indexes at the end of a step begin. */
function endOfName(step: string): number {
  let end = step.length
  for (;;) {
    const start = step.lastIndexOf('[', end - 1)
    if (step[end - 1] !== ']' || start < 0 || !/^\d+$/.test(step.slice(start + 1, end - 1))) return end
    end = start
  }
}
