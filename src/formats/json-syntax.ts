/**
 * Finds the position of a JSON syntax error. V8 reports none for an unexpected token (Node 26). Only called for texts
 * that JSON.parse has refused.
 */

/** What is allowed next. */
type Expected = 'value' | 'value or ]' | 'name' | 'name or }' | 'colon' | 'comma or ]' | 'comma or }' | 'end'

const words: Readonly<Record<Expected, string>> = {
  value: 'a value',
  'value or ]': 'a value or "]"',
  name: 'a member name in double quotes',
  'name or }': 'a member name in double quotes or "}"',
  colon: '":" after the member name',
  'comma or ]': '"," or "]" after the item',
  'comma or }': '"," or "}" after the member',
  end: 'the end of the text'
}

const SCALAR = /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

/** The first error with line and column (both from 1); undefined if the text is JSON. */
export function findSyntaxError(text: string): string | undefined {
  const open: ('{' | '[')[] = []
  let expected: Expected = 'value'
  let at = 0

  for (;;) {
    while (isSpace(text.charCodeAt(at))) at++
    const character = text[at]
    if (character === undefined) return expected === 'end' ? undefined : fault(`expected ${words[expected]}`)
    if (expected === 'colon' && character === ':') {
      expected = 'value'
      at++
    } else if (character === ',' && (expected === 'comma or ]' || expected === 'comma or }')) {
      expected = expected === 'comma or ]' ? 'value' : 'name'
      at++
    } else if ((character === ']' || character === '}') && expected.endsWith(character)) {
      open.pop()
      expected = afterValue()
      at++
    } else if (character === '"' && (expected === 'name' || expected === 'name or }')) {
      const error = skipString()
      if (error !== undefined) return error
      expected = 'colon'
    } else if (expected === 'value' || expected === 'value or ]') {
      if (character === '{' || character === '[') {
        open.push(character)
        expected = character === '{' ? 'name or }' : 'value or ]'
        at++
      } else {
        const error = character === '"' ? skipString() : skipScalar()
        if (error !== undefined) return error
        expected = afterValue()
      }
    } else return fault(`expected ${words[expected]}`)
  }

  function afterValue(): Expected {
    const container = open.at(-1)
    return container === undefined ? 'end' : container === '[' ? 'comma or ]' : 'comma or }'
  }

  function skipScalar(): string | undefined {
    SCALAR.lastIndex = at
    const length = SCALAR.exec(text)?.[0].length
    if (length === undefined) return fault(`expected ${words[expected]}`)
    at += length
    return undefined
  }

  function skipString(): string | undefined {
    for (at++; ; at++) {
      const code = text.charCodeAt(at)
      if (code === 0x22) break
      if (Number.isNaN(code)) return fault('the string is not closed')
      if (code < 0x20) return fault('a control character must be escaped in a string')
      if (code === 0x5c) {
        ESCAPE.lastIndex = at
        const length = ESCAPE.exec(text)?.[0].length
        if (length === undefined) return fault('this is not an escape sequence')
        at += length - 1
      }
    }
    at++
    return undefined
  }

  function fault(problem: string): string {
    const before = text.slice(0, at)
    const line = before.split('\n').length
    const column = at - before.lastIndexOf('\n')
    const character = text.codePointAt(at)
    const found =
      character === undefined ? 'the text ends' : `there is ${JSON.stringify(String.fromCodePoint(character))}`
    return `line ${line}, column ${column}: ${problem}, but ${found}`
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}
