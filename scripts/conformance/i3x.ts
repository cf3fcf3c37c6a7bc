/**
 * The unmodified Python client of i3X reads, writes and subscribes at a hub with the sample plant, by keys with different
 * rights. Needs Python. The clauses of the specification are in test/e2e/i3x*.test.ts.
 *
 *   node scripts/conformance/i3x.ts
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { plant } from '../demo/plant.ts'
import { startHub } from '../hub-process.ts'
import { check, conclude } from './checks.ts'
import { createKey } from './keys.ts'
import { run, tool } from './python.ts'

const SCRIPT = fileURLToPath(new URL('i3x_client.py', import.meta.url))
const CLIENT = 'i3x-client==1.0.0'
const BASE = 'https://plant.example'

/** What the client found, by its name in the script. */
const expected: Readonly<Record<string, unknown>> = {
  info: { query: { history: true }, update: { current: true, history: true }, subscribe: { stream: true } },
  stranger: 401,
  types: true,
  typed: true,
  roots: ['imm-01', 'line-a', 'mould-07'].map((name) => `${BASE}/aas/${name}`),
  queried: true,
  reverse: true,
  object: ['CycleTime', `${BASE}/sm/imm-01/operational-data`, 'Time from one closing of the mould to the next', 's'],
  children: true,
  absent: 404,
  value: [12.75, 'Good', false],
  components: [true, 12.75, 12.75],
  history: [[3.5, 'Good']],
  refused: 400,
  sync: [[12.75], [13.5, 14.5], []],
  monitored: 0,
  deleted: 404,
  stream: [15.5],
  read: 15.5,
  forbidden: 403
}

const scratch = mkdtempSync(join(tmpdir(), 'aas-hub-i3x-'))
await conclude(compare, () => {
  rmSync(scratch, { recursive: true, force: true })
})

async function compare(): Promise<void> {
  const python = join(dirname(await tool(CLIENT, 'python')), 'python')
  const file = join(scratch, 'plant.json')
  writeFileSync(file, JSON.stringify(plant()))
  const hub = await startHub({ DATA_DIR: join(scratch, 'data'), PRELOAD: file })
  const administrator = await createKey(hub.url, 'administrator')
  const engineer = await createKey(hub.url, 'engineer', administrator)
  const operator = await createKey(hub.url, 'operator', administrator)
  const { code, output } = await run(python, [SCRIPT, `${hub.url}/i3x/v1`, engineer, operator])
  if (code !== 0) throw new Error(output)
  const seen = JSON.parse(output.trim().split('\n').at(-1) ?? '') as Record<string, unknown>
  for (const [name, value] of Object.entries(expected)) {
    check(`the client: ${name}`, isDeepStrictEqual(seen[name], value), seen[name])
  }
  await hub.kill('SIGTERM')
}
