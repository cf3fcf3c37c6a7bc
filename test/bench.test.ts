/** The command line of the benchmark; what it measures is not tested. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'

const SCRIPTS = join(import.meta.dirname, '../scripts/bench')

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const run = (script: string, ...flags: string[]): Promise<Ended> =>
  promisify(execFile)(process.execPath, [join(SCRIPTS, script), ...flags]).then(
    (ended) => ({ code: 0, ...ended }),
    (ended: Ended) => ended
  )

for (const script of ['bench.ts', 'against.ts']) {
  t.test(`${script} explains itself`, async (t) => {
    const { code, stdout, stderr } = await run(script, '--help')
    t.strictSame({ code, stderr }, { code: 0, stderr: '' })
    t.match(stdout, /npm run bench/)
  })
}

t.test('a name, a store or a flag that there is not is refused in a sentence', async (t) => {
  const wrong: readonly (readonly string[])[] = [
    ['bench.ts', '--only', 'nothing'],
    ['bench.ts', '--store', 'paper'],
    ['bench.ts', '--nothing'],
    ['against.ts', '.', 'nothing'],
    ['against.ts', '--nothing']
  ]
  for (const [script = '', ...flags] of wrong) {
    const { code, stdout, stderr } = await run(script, ...flags)
    t.strictSame({ code, stdout }, { code: 2, stdout: '' }, flags.join(' '))
    t.match(stderr, /nothing|paper/)
    t.notMatch(stderr, /^ {4}at /m)
  }
})
