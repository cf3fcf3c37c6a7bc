import t from 'tap'
import { simulate } from './run.ts'

/** For a quick look; `npm run simulate` tries any number. */
const SEEDS = 20

t.test('whatever is drawn, what was acknowledged stays, once and in order', async (t) => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { failure } = await simulate({ seed })
    t.equal(failure?.stack, undefined, `seed ${seed}`)
  }
})

t.test('a seed always does the same', async (t) => {
  for (const seed of [5, 9]) {
    const [one, other] = [await simulate({ seed, keepsTrace: true }), await simulate({ seed, keepsTrace: true })]
    t.ok(one.faults.size > 0)
    t.strictSame(other.trace, one.trace)
    t.equal(other.digest, one.digest)
  }
})
