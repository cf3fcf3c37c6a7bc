import t from 'tap'
import { SmallMap } from '../../src/store/small-map.ts'

t.test('a small map has what a map has after any changes', async (t) => {
  let state = 7
  const random = (below: number) => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
  for (let round = 0; round < 200; round++) {
    const [map, small] = [new Map<string, number>(), new SmallMap<number>()]
    for (let step = 0; step < 12; step++) {
      const key = `P${random(1 + (round % 4))}`
      if (random(3) === 0) {
        map.delete(key)
        small.delete(key)
      } else {
        map.set(key, step)
        small.set(key, step)
      }
      if (map.size !== small.size || map.get(key) !== small.get(key) || map.has(key) !== small.has(key)) {
        t.fail(`${key} in round ${round}`)
      }
      t.strictSame([...small], [...map])
      t.strictSame([...small.values()], [...map.values()])
    }
  }
})
