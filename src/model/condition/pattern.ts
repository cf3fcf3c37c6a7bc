/**
 * Regular expressions of `$regex`, by an engine that is linear in the text whatever the pattern. The syntax is RE2's,
 * which is near to that of XPath fn:matches; what it has not (back references, `\i`, `\c`, blocks, classes subtracted
 * from classes) is refused. A pattern matches anywhere in the text unless it is anchored.
 */
import { RE2JS, type RE2JSException } from 're2js'
import { HubError } from '../../errors.ts'

/** Longer patterns are refused. */
const MAX_PATTERN_LENGTH = 1000
/** The compiled size that all patterns of one query may have together: time to match grows with it. */
export const MAX_PATTERN_COST = 2000
/** Patterns that a document holds are many, and compiled for each text: they must be short and count no repetitions. */
const FROM_DOCUMENT = /^[^{]{0,100}$/

/** Matching takes at most so many steps for one text: the pattern's cost times the length of the text. */
const MAX_STEPS = 50_000_000

const MAX_CACHED = 200
const cached = new Map<string, CompiledPattern>()

export interface CompiledPattern {
  /** Why it is none; then it matches nothing. */
  readonly problem?: string
  /** Compiled size. */
  readonly cost: number
  /** @throws HubError BadRequest where that would take too long */
  test(text: string): boolean
}

/** Compiles a pattern, or takes it from the last ones used. */
export function compilePattern(source: string): CompiledPattern {
  const known = cached.get(source)
  if (known !== undefined) return known
  const made = compile(source)
  if (cached.size >= MAX_CACHED) cached.delete(cached.keys().next().value ?? '')
  // The key of one that is too long would keep memory.
  if (source.length <= MAX_PATTERN_LENGTH) cached.set(source, made)
  return made
}

/** A pattern that comes out of a document. */
export function compileDocumentPattern(source: string): CompiledPattern {
  return FROM_DOCUMENT.test(source)
    ? compilePattern(source)
    : unusable('the pattern is too long to be taken from a document')
}

function compile(source: string): CompiledPattern {
  if (source.length > MAX_PATTERN_LENGTH) {
    return unusable(`the pattern has ${source.length} characters; at most ${MAX_PATTERN_LENGTH} are allowed`)
  }
  // RE2 would read `[a-z-[aeiou]]` as a class and a bracket.
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

/** A text on which an expression would take too long. Of whatever holds it, no more is known: others can be judged. */
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
