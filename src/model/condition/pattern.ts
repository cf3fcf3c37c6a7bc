/**
 * Regular expressions of `$regex`, with an engine that takes linear time for any pattern. The syntax is RE2's, which is
 * close to that of XPath fn:matches; unsupported features (back references, `\i`, `\c`, blocks, class subtraction) are
 * refused. A pattern matches anywhere in the text unless it is anchored.
 */
import { RE2JS, type RE2JSException } from 're2js'
import { HubError } from '../../errors.ts'

/** Maximal number of characters. */
const MAX_PATTERN_LENGTH = 1000
/** Maximal compiled size of all patterns of a query: matching time grows with it. */
export const MAX_PATTERN_COST = 2000
/** Patterns from documents are numerous and compiled per text: they must be short and without counted repetitions. */
const FROM_DOCUMENT = /^[^{]{0,100}$/

/** Maximal steps for one text: the pattern's cost times the length of the text. */
const MAX_STEPS = 50_000_000

const MAX_CACHED = 200
const cached = new Map<string, CompiledPattern>()

export interface CompiledPattern {
  /** Why it is unusable; then it matches nothing. */
  readonly problem?: string
  /** Compiled size. */
  readonly cost: number
  /** @throws HubError `BadRequest` if that would take too long */
  test(text: string): boolean
}

/** Compiles a pattern, or returns it from the cache. */
export function compilePattern(source: string): CompiledPattern {
  const known = cached.get(source)
  if (known !== undefined) return known
  const made = compile(source)
  if (cached.size >= MAX_CACHED) cached.delete(cached.keys().next().value ?? '')
  // The key of an overlong pattern would waste memory.
  if (source.length <= MAX_PATTERN_LENGTH) cached.set(source, made)
  return made
}

/** Compiles a pattern from a document. */
export function compileDocumentPattern(source: string): CompiledPattern {
  return FROM_DOCUMENT.test(source)
    ? compilePattern(source)
    : unusable('the pattern is too long to be taken from a document')
}

function compile(source: string): CompiledPattern {
  if (source.length > MAX_PATTERN_LENGTH) {
    return unusable(`the pattern has ${source.length} characters; at most ${MAX_PATTERN_LENGTH} are allowed`)
  }
  // RE2 would parse `[a-z-[aeiou]]` as a class and a bracket.
  if (subtractsClasses(source)) return unusable('one class of characters cannot be subtracted from another')
  try {
    const compiled = RE2JS.compile(source)
    const cost = compiled.programSize()
    if (cost > MAX_PATTERN_COST) return unusable('the pattern repeats too much')
    return {
      cost,
      test(text) {
        if (cost * text.length > MAX_STEPS) throw new TextTooLong()
        return compiled.test(text)
      }
    }
  } catch (error) {
    return unusable((error as RE2JSException).message)
  }
}

/** A text is too long for an expression. The document cannot be evaluated; others can. */
export class TextTooLong extends HubError {
  constructor() {
    super('BadRequest', [
      'The query holds a regular expression that takes too long on a text of this size; use a simpler one'
    ])
  }
}

function unusable(problem: string): CompiledPattern {
  return { problem, cost: 0, test: () => false }
}

function subtractsClasses(source: string): boolean {
  let inClass = false
  for (let index = 0; index < source.length; index++) {
    const character = source[index]
    if (character === '\\') index++
    else if (inClass && character === '-' && source[index + 1] === '[') return true
    else if (character === '[') inClass = true
    else if (character === ']') inClass = false
  }
  return false
}
