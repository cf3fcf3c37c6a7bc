import t from 'tap'
import { type StoreKind, simulate } from './run.ts'

/** For a quick look; `npm run simulate` tries any number. */
const SEEDS = 10

for (const store of ['sqlite', 'mongodb'] as const) {
  t.test(`over ${store}, whatever is drawn, what was acknowledged stays, once and in order`, async (t) => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { failure } = await simulate({ seed, store })
      t.equal(failure?.stack, undefined, `seed ${seed}`)
    }
  })

  t.test(`over ${store} a seed always does the same`, async (t) => {
    const options = { seed: 9, store, keepsTrace: true }
    const [one, other] = [await simulate(options), await simulate(options)]
    t.ok(one.faults.size > 0)
    t.strictSame(other.trace, one.trace)
    t.equal(other.digest, one.digest)
  })
}

/** Seeds that have failed, and why. */
const kept: readonly (readonly [store: StoreKind, seed: number, because: string])[] = [
  ['mongodb', 21, 'a document that the cache dropped while a batch was applied was taken for deleted'],
  ['mongodb', 8023, 'a page of the log that was trimmed while it was read was taken for its end'],
  ['sqlite', 207_870_925, 'samples that were downsampled before a crash were written again after it'],
  ['mongodb', 803, 'a clock set back during a checkpoint took values out of the collections'],
  ['mongodb', 879, 'a hub that had read the log from scratch did not tell its subscribers what had come']
]

for (const [store, seed, because] of kept) {
  t.test(`it stays fixed that ${because}`, async (t) => {
    t.equal((await simulate({ seed, store })).failure?.stack, undefined)
  })
}
