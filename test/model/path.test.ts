import t from 'tap'
import { formatPath, isStep, isWithin, parsePath, parseStoredPath } from '../../src/model/path.ts'

t.test('a path of the standard is parsed and written back', async (t) => {
  for (const text of ['a', 'sme1.sme2[0].p1', 'list[0][12].b', 'with-hyphen_1.x']) {
    const path = parsePath(text)
    t.ok(path, text)
    t.equal(formatPath(path ?? []), text)
  }
})

t.test('invalid paths are refused', async (t) => {
  for (const text of [
    '',
    '1a',
    '.a',
    'a.',
    'a..b',
    'a[01]',
    'a[-1]',
    'a[',
    'a[]',
    '[0]',
    'a b',
    'a[99999999999999999999]',
    'ä'
  ]) {
    t.equal(parsePath(text), undefined, text)
  }
})

t.test('paths in leniently stored documents have any name that a URL can carry, or an index', async (t) => {
  const stored: readonly [text: string, steps: readonly (string | number)[]][] = [
    ['1', ['1']],
    ['a b.Document{00}[3].x/y', ['a b', 'Document{00}', 3, 'x/y']],
    ['[0].설비[12]', [0, '설비', 12]],
    ['__proto__.#?%', ['__proto__', '#?%']],
    ['a-', ['a-']]
  ]
  for (const [text, steps] of stored) {
    t.same(parseStoredPath(text), steps, text)
    t.equal(formatPath(steps), text)
  }
  for (const text of ['', '$value', 'a.$value', 'a..b', 'a.', 'a[01]', 'a]b', 'a[b]', 'a\u0000', 'a\ud800']) {
    t.equal(parseStoredPath(`x.${text}`), undefined, JSON.stringify(text))
  }
  for (const idShort of ['', '$value', 'a.b', 'a[0]', 'a\n', '\udc00', 'ä'.repeat(129)])
    t.notOk(isStep(idShort), JSON.stringify(idShort))
})

t.test('an element is within itself and its ancestors, not within a namesake', async (t) => {
  t.ok(isWithin('a.b', 'a'))
  t.ok(isWithin('a[0]', 'a'))
  t.ok(isWithin('a', 'a'))
  t.notOk(isWithin('ab', 'a'))
})
