import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'

function run(...given: string[]) {
  const script = fileURLToPath(new URL('./main.ts', import.meta.url))
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...given], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

t.test('the command says how much has run and what was drawn', async (t) => {
  const { status, stdout } = run('--seed', '3', '--seeds', '2', '--store', 'sqlite')
  t.equal(status, 0)
  t.match(stdout, /^From seed 3: 2 seeds, \d+ steps, \d+ commits; faults: .+\n2 passed, 0 failed\n$/)
})

t.test('a bug that is found is reported with its seed and how to repeat it', async (t) => {
  const { status, stdout } = run('--bug', 'leaked-refusal', '--seed', '1')
  t.equal(status, 0)
  const [, seed = ''] = /^Seed (\d+), after \d+ steps/m.exec(stdout) ?? []
  t.match(stdout, `npm run simulate -- --seed ${seed} --trace --bug leaked-refusal`)
  t.match(run('--bug', 'leaked-refusal', '--seed', seed, '--trace').stdout, /ms {2}fault|ms {2}hub/)
})

t.test('wrong arguments are refused with the help', async (t) => {
  for (const wrong of [
    ['--sed', '1'],
    ['--seed', 'one'],
    ['--bug', 'none'],
    ['--store', 'files']
  ]) {
    const { status, stderr } = run(...wrong)
    t.equal(status, 2, wrong.join(' '))
    t.match(stderr, 'Usage: npm run simulate')
  }
  t.equal(run('--help').status, 0)
})
