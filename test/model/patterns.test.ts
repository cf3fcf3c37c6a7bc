import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { type PatternName, patterns, patternWords } from '../../src/model/patterns.ts'
import { processorMs } from '../processor-time.ts'

const officialFile = new URL('../../../shared/spec/aas-3.1-json-schema.json', import.meta.url)
const skip = existsSync(officialFile) ? false : 'the official schema is not at hand'
const expressions = Object.fromEntries(
  Object.entries(patterns).map(([name, pattern]) => [name, new RegExp(pattern)])
) as Record<PatternName, RegExp>

/** Patterns that the official schema of release 3.1 has. */
type Official = Exclude<PatternName, 'dateTime'>

/** Where the official schema has the pattern, and the characters or parts that its grammar is about. */
const grammars: Readonly<Record<Official, { at: readonly string[]; parts: readonly string[] }>> = {
  idShort: { at: ['Referable', 'idShort'], parts: ['a', 'Z', '0', '_', '-', ' ', 'ä', '.'] },
  version: { at: ['AdministrativeInformation', 'version'], parts: ['0', '1', '9', '.', '-', 'a'] },
  contentType: {
    at: ['Blob', 'contentType'],
    parts: ['a', '/', ';', '=', '"', '\\', ' ', '\t', '\x7f', '\x80', 'ÿ', 'Ā', '+', 'text/plain', '; a=']
  },
  path: {
    at: ['File', 'value'],
    parts: [
      'a',
      '1',
      'http:',
      '//',
      '/',
      '?',
      '#',
      '%',
      '41',
      'é',
      '[',
      ']',
      '@',
      ':',
      ';',
      '.',
      '-',
      ' ',
      '|',
      '~',
      '&'
    ]
  },
  dateTimeUtc: {
    at: ['BasicEventElement', 'lastUpdate'],
    parts: [
      '2024-02-30T',
      '-0044-12-01T',
      '02024-01-01T',
      '2024-13-01T',
      '24:00:00',
      '23:59:59',
      '.0',
      '.9',
      'Z',
      '+01:00',
      '-00:00'
    ]
  },
  duration: {
    at: ['BasicEventElement', 'minInterval'],
    parts: ['-P', 'P', 'P1Y', '2M', '3D', 'T', 'T4H', '5M', '6S', '7.8S', '.', '9']
  },
  languageTag: {
    at: ['AbstractLangString', 'language'],
    parts: [
      'en',
      'deu',
      'a',
      'x',
      '1',
      '12',
      '419',
      'Latn',
      '1abc',
      'abcde',
      'abcdefgh',
      'abcdefghi',
      '-',
      'i-ami',
      'zh-min',
      'ä'
    ]
  },
  xmlText: {
    at: ['AbstractLangString', 'text'],
    parts: [
      'a',
      'ä',
      '\t',
      '\n',
      '\u0000',
      '\u001f',
      '\u007f',
      '\ud83d',
      '\ude00',
      '😀',
      '\ufffd',
      '\ufffe',
      '\uffff',
      '\ue000'
    ]
  }
}

t.test('the patterns agree with the official schema', { skip }, async (t) => {
  const official: unknown = JSON.parse(readFileSync(officialFile, 'utf8'))
  for (const [name, { at, parts }] of Object.entries(grammars) as [Official, (typeof grammars)[Official]][]) {
    const theirs = officialPatterns(official, at).map((pattern) => new RegExp(pattern))
    t.not(theirs.length, 0, name)
    const accepts = (text: string) => theirs.every((expression) => expression.test(text))
    let accepted = 0
    // A date and time is put together from few long parts, a language tag from parts with a hyphen between them.
    const maxLength = name === 'dateTimeUtc' ? 4 : 9
    const glue = name === 'languageTag' ? ['', '-'] : ['']
    const text = fc
      .tuple(fc.array(fc.constantFrom(...parts), { maxLength, size: 'max' }), fc.constantFrom(...glue))
      .map(([words, glue]) => words.join(glue))
    fc.assert(
      fc.property(text, (text) => {
        const verdict = expressions[name].test(text)
        if (verdict) accepted++
        return verdict === accepts(text)
      }),
      { numRuns: 20_000, seed: 1 }
    )
    t.ok(accepted > 20, `${name}: ${accepted} of the texts that were tried fit`)
  }
})

t.test('a pattern means the same with and without the u flag', async () => {
  for (const [name, { parts }] of Object.entries(grammars) as [Official, (typeof grammars)[Official]][]) {
    const unicode = new RegExp(patterns[name], 'u')
    const text = fc.array(fc.constantFrom(...parts), { maxLength: 9 }).map((words) => words.join(''))
    fc.assert(fc.property(text, (text) => unicode.test(text) === expressions[name].test(text)))
  }
})

t.test('no text of 2,048 characters takes a pattern long', async (t) => {
  const parts = [
    'a',
    '-a',
    'a-',
    '1',
    '0',
    '%41',
    '%',
    'a.',
    '-abcde',
    '-ab',
    '-a-ab',
    '\\"',
    '"',
    ';a=',
    ' ;',
    '1Y',
    ':',
    '/;',
    '\ud83d',
    ' '
  ]
  const slow: string[] = []
  const heads = ['', 'en', 'en-a', 'a/b', 'a/b;c="', 'http://', 'P', 'PT', 'x', '2024-02-29T23:59:59.']
  for (const [name, expression] of Object.entries(expressions)) {
    for (const head of heads) {
      for (const part of parts) {
        const hostile = `${(head + part.repeat(2048)).slice(0, 2047)}\u0000`
        const fits = expression.test(hostile)
        // The least of several, as it is compiled in between.
        const took = Math.min(...Array.from({ length: 3 }, () => processorMs(() => expression.test(hostile))))
        if (fits || took > 10) slow.push(`${name} took ${took} ms for ${head}${part}…`)
      }
    }
  }
  t.same(slow, [])
})

t.test('the words for a pattern give examples that fit', async (t) => {
  for (const name of Object.keys(patterns) as PatternName[]) {
    const examples = /, like (.+)$/.exec(patternWords[name])?.[1]?.split(' or ') ?? []
    for (const example of examples) t.match(example, expressions[name], `${name}: ${example}`)
  }
})

/** Every pattern within the definition of a member. */
function officialPatterns(schema: unknown, [definition = '', member = '']: readonly string[]): string[] {
  const found: string[] = []
  const definitions = (schema as { definitions: Record<string, unknown> }).definitions
  collect(definitions[definition], false)
  return found

  function collect(node: unknown, within: boolean): void {
    if (typeof node !== 'object' || node === null) return
    for (const [key, value] of Object.entries(node)) {
      if (within && key === 'pattern') found.push(String(value))
      else collect(value, within || key === member)
    }
  }
}
