/** What is damaged in the history is refused, by name, and everything else goes on. */
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { fromMilliseconds } from '../../src/model/time.ts'
import { SampleBatch } from '../../src/operations/samples/batch.ts'
import { databasePath } from '../../src/store/sqlite/paths.ts'
import { embedded, type Running, start } from './harness.ts'

const START_MS = 1_700_000_000_000
/** Samples of a chunk, a second apart: a run of this length becomes one as it is, alone. */
const RUN = 9000
const RUNS = 6
const DAMAGED = 4

const machine = {
  modelType: 'Submodel',
  id: 'urn:m',
  idShort: 'Machine',
  submodelElements: ['Speed', 'Load'].map((idShort) => ({ modelType: 'Property', idShort, valueType: 'xs:double' }))
}

for (const [where, at] of [
  ['version', 0],
  ['header', 5],
  ['summary', 30],
  ['body', -40]
] as const) {
  t.test(
    `a flipped byte in the ${where} of a chunk is an error for those who need it alone`,
    { skip: embedded },
    async (t) => {
      const first = await start(t)
      t.equal((await first.post('/submodels', machine)).status, 201)
      for (let run = 0; run < RUNS; run++) for (const path of ['Speed', 'Load']) await push(first, path, run)
      await first.stop()
      flip(first.directory, at)

      const hub = await start(t, { DATA_DIR: first.directory, HISTORY: 'after=PT1M; mean=PT10S' })
      const ask = (path: string, run: number, more: string) =>
        hub.get(`/timeseries?submodel=urn:m&path=${path}&from=${ms(run)}&to=${ms(run + 1) - 1}&${more}`)

      for (const shape of [
        'format=json',
        'format=csv',
        'format=parquet',
        'format=arrow',
        'interval=1h&aggregate=mean'
      ]) {
        const { status, text } = await ask('Speed', DAMAGED, shape)
        t.equal(status, 500, shape)
        t.match(text, /\\"Speed\\" in the submodel \\"urn:m\\" from 2023-11-15T08:13:20.000Z to [^ ]+ is damaged/)
      }
      t.match(await ask('Speed', 0, 'format=csv'), { status: 200 }, 'other times of the series')
      t.match(await ask('Speed', 5, 'interval=1h&aggregate=count'), { status: 200 })
      t.match(await ask('Load', DAMAGED, 'format=csv'), { status: 200 }, 'other series')

      await t.rejects(
        hub.get('/timeseries?submodel=urn:m&path=Speed&format=csv'),
        'an answer that has begun does not end as if it were whole'
      )

      await push(hub, 'Speed', RUNS)
      t.match(await ask('Speed', RUNS, 'format=json'), { status: 200 }, 'new samples are taken, and shown')
      await hub.stop()

      flip(first.directory, at)
      const repaired = await start(t, { DATA_DIR: first.directory })
      const { json } = await repaired.get(
        '/timeseries?submodel=urn:m&path=Speed&interval=365d&aggregate=count&aggregate=sum'
      )
      t.strictSame(json.rows[0].slice(1), [RUN * (RUNS + 1), (RUNS + 1) * sumOf(RUN)], 'nothing was deleted')
      await repaired.stop()
    }
  )
}

t.test('after damage to the last chunk of a series, new samples go to another chunk', { skip: embedded }, async (t) => {
  const count = async (hub: Running, path: string) =>
    (await hub.get(`/timeseries?submodel=urn:m&path=${path}&interval=365d&aggregate=count`)).json.rows[0][1]
  const first = await start(t)
  await first.post('/submodels', machine)
  for (const path of ['Speed', 'Load']) await push(first, path, DAMAGED, 10)
  await first.stop()
  flip(first.directory, 30)
  const hub = await start(t, { DATA_DIR: first.directory })
  for (const path of ['Speed', 'Load']) await push(hub, path, DAMAGED + 1, 10)
  t.equal(await count(hub, 'Load'), 20)
  await hub.stop()
  flip(first.directory, 30)
  const repaired = await start(t, { DATA_DIR: first.directory })
  t.strictSame([await count(repaired, 'Speed'), await count(repaired, 'Load')], [20, 20])
  await repaired.stop()
})

/** Values 0, 1, 2 … */
function sumOf(count: number): number {
  return (count * (count - 1)) / 2
}

function ms(run: number): number {
  return START_MS + run * RUN * 1000
}

async function push(hub: Running, path: string, run: number, count = RUN): Promise<void> {
  const offsets = Float64Array.from({ length: count }, (_, i) => i * 1e9)
  const batch = new SampleBatch()
  batch.addColumn(
    'urn:m',
    path,
    { base: fromMilliseconds(ms(run)), offsets },
    offsets.map((_, i) => i)
  )
  await hub.server.context.ingest.push(batch)
}

/** Flips a bit in the chunk of Speed that is to be damaged, and the next time flips it back. */
function flip(directory: string, at: number): void {
  const db = new DatabaseSync(databasePath(directory))
  const { id, bytes } = db
    .prepare(`SELECT chunk.rowid AS id, bytes FROM chunk JOIN series ON series.id = chunk.series
      WHERE path = 'Speed' AND start = ?`)
    .get(fromMilliseconds(ms(DAMAGED))) as { id: number; bytes: Uint8Array }
  const place = at < 0 ? bytes.length + at : at
  bytes[place] = (bytes[place] ?? 0) ^ 1
  db.prepare('UPDATE chunk SET bytes = ? WHERE rowid = ?').run(bytes, id)
  db.close()
}
