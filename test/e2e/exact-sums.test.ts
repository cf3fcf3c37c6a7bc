/** Aggregates of whole numbers are whole numbers, also where doubles skip some. */
import { tableFromIPC } from 'apache-arrow'
import { parquetReadObjects } from 'hyparquet'
import t, { type Test } from 'tap'
import { type Running, start } from './harness.ts'

const START_MS = 1_764_000_000_000

const table: readonly {
  readonly type: string
  readonly values: readonly unknown[]
  /** Of all of them, as CSV says it. */
  readonly min: string
  readonly max: string
  readonly sum: string
  readonly first: string
  readonly last: string
}[] = [
  // 57/100 times 100 is 56.99999999999999.
  {
    type: 'xs:int',
    values: Array.from({ length: 100 }, (_, i) => Number(i < 57)),
    min: '0',
    max: '1',
    sum: '57',
    first: '1',
    last: '0'
  },
  {
    type: 'xs:long',
    values: ['9223372036854775806', '-9223372036854775808', '9223372036854775807'],
    min: '-9223372036854775808',
    max: '9223372036854775807',
    sum: '9223372036854775805',
    first: '9223372036854775806',
    last: '9223372036854775807'
  },
  {
    type: 'xs:unsignedLong',
    values: ['18446744073709551615', '18446744073709551614'],
    min: '18446744073709551614',
    max: '18446744073709551615',
    sum: '36893488147419103229',
    first: '18446744073709551615',
    last: '18446744073709551614'
  },
  {
    type: 'xs:integer',
    values: Array.from({ length: 2000 }, () => '9007199254740993'),
    min: '9007199254740993',
    max: '9007199254740993',
    sum: '18014398509481986000',
    first: '9007199254740993',
    last: '9007199254740993'
  },
  { type: 'xs:double', values: [0.5, 0.25], min: '0.25', max: '0.5', sum: '0.75', first: '0.5', last: '0.25' }
]

const AGGREGATES = ['min', 'max', 'sum', 'first', 'last'] as const

t.test('sums and extremes of integers are exact in every format, from the log and from chunks', async (t) => {
  const hub = await start(t)
  const submodelElements = table.map(({ type }) => ({
    modelType: 'Property',
    idShort: type.slice(3),
    valueType: type
  }))
  t.equal((await hub.post('/submodels', { modelType: 'Submodel', id: 'urn:m', submodelElements })).status, 201)
  const samples = table.flatMap(({ type, values }) =>
    values.map((value, i) => ({ path: type.slice(3), value, time: START_MS + i }))
  )
  t.equal((await hub.post(`${hub.url}/ingest`, { submodel: 'urn:m', samples })).status, 200)
  await agree(t, hub)
  await hub.stop()
  await agree(t, await start(t, { DATA_DIR: hub.directory }))
})

async function agree(t: Test, hub: Running): Promise<void> {
  for (const { type, ...wanted } of table) {
    const query = `${hub.url}/timeseries?submodel=urn:m&path=${type.slice(3)}&interval=1h${AGGREGATES.map((one) => `&aggregate=${one}`).join('')}`
    const csv = (await hub.get(`${query}&format=csv`)).text.split('\r\n')
    t.equal(
      csv[1]?.replaceAll('"', '').split(',').slice(1).join(),
      AGGREGATES.map((one) => wanted[one]).join(),
      `${type} as CSV`
    )
    const { rows } = (await hub.get(`${query}&format=json`)).json
    t.strictSame(
      rows[0].slice(1).map(String),
      AGGREGATES.map((one) => wanted[one]),
      `${type} as JSON`
    )
    const bytes = async (format: string) =>
      new Uint8Array(await (await fetch(`${query}&format=${format}`)).arrayBuffer())
    const named = (row: object) =>
      AGGREGATES.map((one) => String((row as Record<string, unknown>)[`${type.slice(3)}.${one}`]))
    const [parquet = {}] = await parquetReadObjects({ file: (await bytes('parquet')).buffer as ArrayBuffer })
    t.strictSame(
      named(parquet),
      AGGREGATES.map((one) => wanted[one]),
      `${type} as Parquet`
    )
    const arrow =
      tableFromIPC(await bytes('arrow'))
        .get(0)
        ?.toJSON() ?? {}
    t.strictSame(
      named(arrow),
      AGGREGATES.map((one) => wanted[one]),
      `${type} as Arrow`
    )
  }
}
