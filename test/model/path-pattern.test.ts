import t from 'tap'
import { compilePath } from '../../src/model/path-pattern.ts'
import { trimEnd, trimStart } from '../../src/model/trim.ts'
import { hasPieces } from '../../src/model/wildcard.ts'

/** Too long for any algorithm that takes quadratic time. */
const LONG = 5_000_000

t.test('a pattern selects the paths that it describes and no others', async (t) => {
  const table: [pattern: string, selected: string[], others: string[]][] = [
    ['Speed', ['Speed'], ['Speeds', 'A.Speed', 'Speed[0]']],
    ['*', ['Speed', 'A'], ['A.B', 'A[0]']],
    ['Line.*', ['Line.A', 'Line[0]'], ['Line', 'Line.A.B', 'Liner.A']],
    ['Line.*.Speed', ['Line.A.Speed', 'Line[1].Speed'], ['Line.Speed', 'Line.A.B.Speed']],
    ['Log[*]', ['Log[0]', 'Log[12]'], ['Log', 'Log.A', 'Log[0].A']],
    ['Log[1].A', ['Log[1].A'], ['Log[2].A', 'Log[11].A']],
    ['**', ['A', 'A.B[0].C'], []],
    ['**.Speed', ['Speed', 'A.Speed', 'A[0].B.Speed'], ['ASpeed', 'Speed.A']],
    ['A.**', ['A', 'A.B', 'A[3].C'], ['AB', 'B.A']],
    ['A.**.B', ['A.B', 'A.X.Y[0].B'], ['A', 'B', 'A.X']],
    ['Temp*', ['Temp', 'Temp1', 'Temperature'], ['temp', 'MyTemp', 'Temp1.A']],
    ['*_set', ['a_set', 'A_set_set'], ['a_sets', 'A.a_set']],
    ['**.T*1*', ['T1', 'A.T21b'], ['A.T2', 'T1.A']]
  ]
  for (const [pattern, selected, others] of table) {
    const { matches } = compilePath(pattern)
    for (const path of selected) t.ok(matches(path), `${pattern} selects ${path}`)
    for (const path of others) t.notOk(matches(path), `${pattern} does not select ${path}`)
  }
})

t.test('invalid and overlong patterns are refused', async (t) => {
  for (const pattern of [
    '',
    '.A',
    'A.',
    'A..B',
    '[0]',
    'A[01]',
    'A[*',
    'A**',
    '**A',
    'A b*',
    '*'.repeat(25),
    'A*'.repeat(2000)
  ]) {
    t.throws(() => compilePath(pattern), { name: 'BadRequest' }, pattern.slice(0, 40))
  }
})

t.test('no pattern makes matching slow', async (t) => {
  const path = `${'aaaaaaaaa.'.repeat(1000)}b`
  t.notOk(compilePath(`${'**.'.repeat(500)}z`).matches(path))
  t.notOk(compilePath(`${'*a'.repeat(1000)}z`).matches('a'.repeat(100_000)))
  t.ok(compilePath(`${'*a'.repeat(1000)}*`).matches('a'.repeat(100_000)))
})

t.test('pieces between wildcards are found in their order, and none of them twice', async (t) => {
  for (const [text, pattern, expected] of [
    ['', '', true],
    ['', '*', true],
    ['a', '', false],
    ['press1', 'press*', true],
    ['line\nend', 'line*end', true],
    ['aba', 'ab*ba', false],
    ['abba', 'ab*ba', true],
    ['abc', '*b*', true],
    ['abc', '*c*b*', false],
    ['a.c', 'a.c', true],
    ['abc', 'a.c', false]
  ] as const) {
    t.equal(hasPieces(text, pattern.split('*')), expected, `${pattern} of ${text}`)
  }
  t.notOk(hasPieces('a'.repeat(LONG), 'a*'.repeat(50).concat('b').split('*')))
})

t.test('the ends of a text are trimmed in one pass', async (t) => {
  t.strictSame(
    [trimStart('+-007', '+-0'), trimEnd('1.500', '0'), trimEnd('', '0'), trimStart('000', '0')],
    ['7', '1.5', '', '']
  )
  t.equal(trimEnd(`${'0'.repeat(LONG)}1`, '0').length, LONG + 1)
})
