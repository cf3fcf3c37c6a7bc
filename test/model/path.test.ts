import t from 'tap'
import { formatPath, isWithin, parsePath } from '../../src/model/path.ts'

t.test('a path of the standard is parsed and written back', async (t) => {
  for (const text of ['a', 'sme1.sme2[0].p1', 'list[0][12].b', 'with-hyphen_1.x']) {
    const path = parsePath(text)
    t.ok(path, text)
    t.equal(formatPath(path ?? []), text)
  }
})

t.test('what is no path is refused', async (t) => {
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

t.test('an element is within itself and its ancestors, not within a namesake', async (t) => {
  t.ok(isWithin('a.b', 'a'))
  t.ok(isWithin('a[0]', 'a'))
  t.ok(isWithin('a', 'a'))
  t.notOk(isWithin('ab', 'a'))
})
