/** The program gives V8 options for its size, by starting itself again. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { startHub } from '../../scripts/hub-process.ts'
import { testDirectory } from '../test-directory.ts'
import { embedded } from './harness.ts'

const PROGRAM = fileURLToPath(new URL('../../src/aas-hub.js', import.meta.url))
const isLinux = process.platform === 'linux'

t.test('the heap of the hub follows MEMORY', { skip: embedded || (!isLinux && 'reads /proc') }, async (t) => {
  const hub = await startHub({ DATA_DIR: join(testDirectory(t), 'data'), MEMORY: '300MiB' }, PROGRAM)
  t.teardown(() => hub.kill())
  const metrics = await (await fetch(`${hub.url}/metrics`)).text()
  const figure = (name: string) => Number(new RegExp(`^${name} (\\S+)`, 'm').exec(metrics)?.[1])
  t.equal(figure('aas_hub_memory_budget_bytes'), 300 * 2 ** 20)
  t.ok(figure('aas_hub_memory_heap_limit_bytes') < 300 * 2 ** 20)
  const command = (await readFile(`/proc/${hub.pid}/cmdline`, 'utf8')).split('\0')
  t.ok(command.includes('--max-semi-space-size=4'), command.join(' '))
})
