/** When a hub says that it can serve, and what it says where it cannot begin. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { HubError } from '../../src/errors.ts'
import { WriteHealth } from '../../src/store/write-health.ts'
import { testDirectory } from '../test-directory.ts'
import { encode, start } from './harness.ts'

const program = new URL('../../src/aas-hub.js', import.meta.url).pathname

t.test('a hub whose disk is full is not ready until something is stored again', async (t) => {
  const room = new WriteHealth()
  t.notOk(room.isFailing)
  room.recordFailure(new HubError('NotFound'))
  t.notOk(room.isFailing, 'a refusal of another kind says nothing about the disk')
  room.recordFailure(new HubError('StorageFull', ['the disk is used up']))
  t.ok(room.isFailing)
  room.recordSuccess()
  t.notOk(room.isFailing)
})

t.test('a data directory that is a file is reported in one sentence', async (t) => {
  const file = join(testDirectory(t), 'file')
  writeFileSync(file, '')
  for (const args of [
    ['--data-dir', file, '--port', '0'],
    ['migrate', '--from', t.testdirName, '--to', file]
  ]) {
    const { status, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' })
    t.equal(status, 1)
    t.equal(stderr.trim().split('\n').length, 1, stderr)
  }
})

t.test('a text too long for a regular expression hides no other document', async (t) => {
  const hub = await start(t)
  for (const [id, value] of [
    ['urn:long', 'a'.repeat(2_000_000)],
    ['urn:short', 'aaa']
  ] as const) {
    const element = { modelType: 'Property', idShort: 'pp', valueType: 'xs:string', value }
    await hub.post('/submodels', { modelType: 'Submodel', id, submodelElements: [element] })
  }
  const regex = (pattern: string) => ({
    $select: 'id',
    $condition: { $regex: [{ $field: '$sme.pp#value' }, { $strVal: pattern }] }
  })
  const costly = await hub.post('/query/submodels', regex('^(?:a?b?c?d?){20}a+$'))
  t.match(costly, { status: 200, json: { result: ['urn:short'], paging_metadata: { undecided: ['urn:long'] } } })
  const cheap = await hub.post('/query/submodels', regex('^a+$'))
  t.strictSame(cheap.json.result, ['urn:long', 'urn:short'])
  t.equal((await hub.get(`/submodels/${encode('urn:long')}`)).status, 200)
})
