import fc from 'fast-check'
import t from 'tap'
import { idShortOf, nameOfIdShort } from '../../src/model/id-short.ts'
import { patterns } from '../../src/model/patterns.ts'

t.test('a name becomes an idShort, and is read back out of it', async (t) => {
  for (const [name, idShort] of [
    ['Speed', 'Speed'],
    ['speed-1', 'speed-1'],
    ['pos_x1000', 'pos_x1000'],
    ['x', 'x0078_'],
    ['temp-', 'temp_x002D_'],
    ['1st', 'x0031_st'],
    ['_private', 'x005F_private'],
    ['a b', 'a_x0020_b'],
    ['a_x0020_b', 'a_x005F_x0020_b'],
    ['온도', 'xC628__xB3C4_'],
    ['😀', 'x1F600_'],
    ['%MW100', 'x0025_MW100']
  ] as const) {
    t.equal(idShortOf(name), idShort)
    t.equal(nameOfIdShort(idShort), name)
  }
})

t.test('a name that is too long keeps its beginning, and differs from every other', async (t) => {
  const [one, other] = [`${'a'.repeat(200)}1`, `${'a'.repeat(200)}2`].map(idShortOf)
  t.not(one, other)
  t.equal(one?.length, 128)
  t.ok(one?.startsWith('aaaa'))
  t.equal(nameOfIdShort(one ?? ''), undefined)
  t.not(idShortOf(one ?? ''), one, 'a name that looks so is another')
})

t.test('every name has an idShort [AASd-002], and no two names have the same', async () => {
  const unit = fc.constantFrom(
    'a',
    'x',
    '_',
    '-',
    '0',
    'A',
    ' ',
    'é',
    '온',
    '1',
    '😀',
    '.',
    '_x0041_',
    '_x0041',
    'x0041_',
    '0041'
  )
  const pattern = new RegExp(patterns.idShort)
  fc.assert(
    fc.property(fc.string({ unit, minLength: 1, maxLength: 14 }), (name) => {
      const idShort = idShortOf(name)
      const isShort = idShort.length <= 128 && pattern.test(idShort)
      return isShort && (nameOfIdShort(idShort) ?? name) === name
    }),
    { numRuns: 20_000 }
  )
})
