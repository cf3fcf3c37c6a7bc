/** Topic patterns with named levels, and the templates that the names fill in. */

export interface TopicPattern {
  /** What is subscribed to (MQTT 5.0, 4.7): `plant/+/#`. */
  readonly filter: string
  /** Names that the pattern gives to levels. */
  readonly names: readonly string[]
  /** The levels by their names; undefined where the topic is another. */
  match(levels: readonly string[]): Parts | undefined
}

/** Levels of a topic by name; the rest of a topic as its levels. */
export type Parts = ReadonlyMap<string, readonly string[]>

/**
 * Reads a pattern: `{name}` is one level and `{name...}`, at the end, all that are left; so are `+` and `#` without a name.
 * @throws Error that says what is wrong
 */
export function topicPattern(text: string): TopicPattern {
  const steps = text.split('/').map((level, at, all) => {
    const [, named, rest] = /^\{(\w+)(\.\.\.)?\}$/.exec(level) ?? []
    const isRest = level === '#' || rest !== undefined
    if (isRest && at < all.length - 1) throw new Error(`"${level}" must be the last level of "${text}"`)
    if (named === undefined && level !== '#' && level !== '+' && /[+#{}\0]/.test(level)) {
      throw new Error(`"${level}" in "${text}" is neither a level nor a placeholder for one`)
    }
    return { level, name: named, isRest, isOpen: isRest || named !== undefined || level === '+' }
  })
  if (text === '') throw new Error('a topic pattern is not empty')
  const names = steps.flatMap(({ name }) => name ?? [])
  if (new Set(names).size < names.length) throw new Error(`a name stands twice in "${text}"`)
  return {
    filter: steps.map(({ level, isRest, isOpen }) => (isRest ? '#' : isOpen ? '+' : level)).join('/'),
    names,
    match(levels) {
      const open = steps.at(-1)?.isRest === true
      if (open ? levels.length < steps.length : levels.length !== steps.length) return undefined
      // [MQTT-4.7.2-1] Topics of the broker itself are not for wildcards.
      if (steps[0]?.isOpen === true && levels[0]?.startsWith('$') === true) return undefined
      const parts = new Map<string, readonly string[]>()
      for (const [at, { level, name, isRest, isOpen }] of steps.entries()) {
        if (!isOpen && levels[at] !== level) return undefined
        if (name !== undefined) parts.set(name, isRest ? levels.slice(at) : [levels[at] ?? ''])
      }
      return parts
    }
  }
}

/** Names that a template asks for. */
export function namesIn(template: string): string[] {
  return [...template.matchAll(PLACEHOLDER)].map(([, name = '']) => name)
}

/** Fills `{name}` in; several levels are joined by `by`. */
export function fill(template: string, parts: Parts, by: string): string {
  return template.replace(PLACEHOLDER, (_, name: string) => (parts.get(name) ?? []).join(by))
}

const PLACEHOLDER = /\{(\w+)\}/g

/** A name as others give it to a signal, as a path: `/` and `.` part the steps, each of which is a name of its own. */
export function namePathOf(name: string): string {
  return name
    .split(/[/.]/)
    .filter((step) => step !== '')
    .join('.')
}

/**
 * The idShortPath by which people may have laid out the element of such a name: what an idShort may not hold is an
 * underscore. Indexes, `[0]`, stay.
 */
export function pathOf(name: string): string {
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
