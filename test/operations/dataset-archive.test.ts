import t from 'tap'
import { datasetArchive } from '../../src/operations/dataset/archive.ts'
import { variablesOf } from '../../src/operations/history/variables.ts'
import { SampleBatch } from '../../src/operations/samples/batch.ts'
import { overrideStore } from '../../src/store/document-store.ts'
import { TimeSlice } from '../../src/time-slice.ts'
import { start } from '../e2e/harness.ts'

t.test('a submodel is not read again for each of its series: it may be large', async (t) => {
  const hub = await start(t)
  const names = Array.from({ length: 20 }, (_, i) => `S${i}`)
  const submodelElements = names.map((idShort) => ({ modelType: 'Property', idShort, valueType: 'xs:double' }))
  await hub.post('/submodels', { modelType: 'Submodel', id: 'urn:m', submodelElements })
  const { store, history, ingest } = hub.server.context
  const batch = new SampleBatch()
  for (const name of names) batch.add('urn:m', name, 1_764_000_000_000_000_000n, 1)
  await ingest.push(batch)
  const variables = await variablesOf(store, history, { submodels: ['urn:m'], paths: [], semanticIds: [] })
  t.equal(variables.length, names.length)
  let reads = 0
  const counting = overrideStore(store, {
    document: (kind, id) => {
      if (kind === 'Submodel') reads++
      return store.document(kind, id)
    }
  })
  const shape = { zone: 'UTC', timeFormat: 'iso' } as const
  const task = { shape, variables, format: 'csv', purpose: '', source: '' } as const
  const { signal } = new AbortController()
  const archive = await datasetArchive(counting, history, task, { slice: new TimeSlice(signal), signal })
  t.ok(Buffer.concat(await archive.toArray()).length > 0)
  // To describe its series, and as a part of the archive.
  t.equal(reads, 2)
})
