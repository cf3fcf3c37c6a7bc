import t from 'tap'
import { type Bug, bugs } from './bugs.ts'
import { simulate } from './run.ts'

const MAX_SEEDS = 1000

for (const bug of Object.keys(bugs) as Bug[]) {
  t.test(`the simulation finds a bug that was put in: ${bug}`, async (t) => {
    const { store } = bugs[bug]
    for (let seed = 1; seed <= MAX_SEEDS; seed++) {
      const { failure } = await simulate({ seed, store, bug })
      if (failure === undefined) continue
      t.match(failure.name, /^(?:Violation|Damaged)$/, `by seed ${seed}: ${failure.message}`)
      return
    }
    t.fail(`not by ${MAX_SEEDS} seeds`)
  })
}
