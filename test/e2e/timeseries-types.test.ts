/** What is stored is shown by every format, also where it is no value of the type that its element has now. */
import { tableFromIPC } from 'apache-arrow'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import t from 'tap'
import { encode, type Running, start } from './harness.ts'

const HUGE = '123456789012345678901234567890'

interface Case {
  readonly title: string
  /** Value types one after the other, each with what was stored under it. */
  readonly stored: readonly (readonly [valueType: string, ...texts: string[]])[]
  readonly type: string
  /** Cells of JSON, and of the formats that have types. */
  readonly json: readonly unknown[]
  readonly typed: readonly unknown[]
}

const cases: readonly Case[] = [
  {
    title: 'whole numbers of 64 bits',
    stored: [['xs:long', '9223372036854775807', '-9223372036854775808', '0']],
    type: 'integer',
    json: ['9223372036854775807', '-9223372036854775808', 0],
    typed: [9223372036854775807n, -9223372036854775808n, 0n]
  },
  {
    title: 'whole numbers that are the shortest text of a double with another value',
    stored: [['xs:long', '-697154448632442400', '1', '9223372036854775000']],
    type: 'integer',
    json: ['-697154448632442400', 1, '9223372036854775000'],
    typed: [-697154448632442400n, 1n, 9223372036854775000n]
  },
  {
    title: 'whole numbers without a sign beyond them',
    stored: [['xs:unsignedLong', '5', '18446744073709551615']],
    type: 'text',
    json: [5, '18446744073709551615'],
    typed: ['5', '18446744073709551615']
  },
  {
    title: 'whole numbers without a bound',
    stored: [['xs:integer', `-${HUGE}`, '7', '100000000000000000000', '0042', '+3']],
    type: 'text',
    json: [`-${HUGE}`, 7, '100000000000000000000', 42, 3],
    typed: [`-${HUGE}`, '7', '100000000000000000000', '42', '3']
  },
  {
    title: 'whole numbers of an unbounded type that are small',
    stored: [['xs:nonNegativeInteger', '1', '2', '003']],
    type: 'integer',
    json: [1, 2, 3],
    typed: [1n, 2n, 3n]
  },
  {
    title: 'numbers with decimals from before the element became a whole number',
    stored: [
      ['xs:double', '29.5', '1e3', 'NaN'],
      ['xs:int', '7']
    ],
    type: 'number',
    json: [29.5, 1000, 'NaN', 7],
    typed: [29.5, 1000, Number.NaN, 7]
  },
  {
    title: 'long whole numbers beside numbers with decimals',
    stored: [
      ['xs:double', '0.5'],
      ['xs:long', '9007199254740993']
    ],
    type: 'text',
    json: [0.5, '9007199254740993'],
    typed: ['0.5', '9007199254740993']
  },
  {
    title: 'texts from before the element became a number',
    stored: [
      ['xs:string', 'Lot 7', '12', ''],
      ['xs:double', '1.25']
    ],
    type: 'text',
    json: ['Lot 7', 12, '', 1.25],
    typed: ['Lot 7', '12', '', '1.25']
  },
  {
    title: 'numbers from before the element became a truth value',
    stored: [
      ['xs:int', '5', '1'],
      ['xs:boolean', 'true', 'false', '0']
    ],
    type: 'text',
    json: ['5', true, true, false, false],
    typed: ['5', 'true', 'true', 'false', 'false']
  },
  {
    title: 'truth values from before the element became a number',
    stored: [
      ['xs:boolean', 'true'],
      ['xs:int', '5']
    ],
    type: 'text',
    json: ['true', 5],
    typed: ['true', '5']
  },
  {
    title: 'decimals with more digits than doubles have',
    stored: [['xs:decimal', '0.1', '3.14159265358979323846', '9007199254740993']],
    type: 'text',
    json: [0.1, '3.14159265358979323846', '9007199254740993'],
    typed: ['0.1', '3.14159265358979323846', '9007199254740993']
  },
  {
    title: 'decimals that doubles hold',
    stored: [['xs:decimal', '0.10', '2', '-7.25']],
    type: 'number',
    json: [0.1, 2, -7.25],
    typed: [0.1, 2, -7.25]
  },
  {
    title: 'doubles, however they were written',
    stored: [['xs:double', '1.50', 'INF', '-INF', '9007199254740993', '1E4']],
    type: 'number',
    json: [1.5, 'INF', '-INF', 9007199254740992, 10_000],
    typed: [1.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 9007199254740992, 10_000]
  }
]

const START = Date.parse('2026-11-24T03:00:00Z')

/** A submodel for each case, its values a second apart. */
async function filled(hub: Running): Promise<void> {
  for (const [number, { stored }] of cases.entries()) {
    const id = `urn:c${number}`
    let count = 0
    for (const [place, [valueType, ...texts]] of stored.entries()) {
      const submodel = {
        modelType: 'Submodel',
        id,
        submodelElements: [{ modelType: 'Property', idShort: 'Value', valueType }]
      }
      const { status } =
        place === 0 ? await hub.post('/submodels', submodel) : await hub.put(`/submodels/${encode(id)}`, submodel)
      if (status >= 300) throw new Error(`${id} was refused`)
      const samples = texts.map((value) => ({ submodel: id, path: 'Value', time: START + 1000 * count++, value }))
      const { status: taken, text } = await hub.post('/ingest', samples)
      if (taken >= 300) throw new Error(text)
    }
  }
}

t.test('every format shows the stored values, with a column type that holds all of them', async (t) => {
  const hub = await start(t)
  await filled(hub)
  for (const [number, { title, type, json, typed, stored }] of cases.entries()) {
    const asked = `/timeseries?submodel=urn:c${number}`
    const bytes = async (format: string) => (await fetch(`${hub.api}${asked}&format=${format}`)).arrayBuffer()
    const whole = (await hub.get(asked)).json
    t.match(whole.columns[1], { type, valueType: stored.at(-1)?.[0] }, title)
    t.strictSame(cellsOf(whole.rows), json, `${title}: JSON`)
    const pages: unknown[] = []
    for (let cursor = ''; cursor !== undefined; ) {
      const page = (await hub.get(`${asked}&limit=1${cursor && `&cursor=${cursor}`}`)).json
      pages.push(...page.rows)
      cursor = page.metadata?.cursor
    }
    t.strictSame(cellsOf(pages as unknown[][]), json, `${title}: pages`)
    const lines = Buffer.from(await bytes('ndjson'))
      .toString()
      .trim()
      .split('\n')
    t.strictSame(
      lines.map((line) => JSON.parse(line).Value),
      json,
      `${title}: NDJSON`
    )
    const csv = Buffer.from(await bytes('csv'))
      .toString()
      .trim()
      .split('\r\n')
      .slice(1)
    t.strictSame(
      csv.map((line) => line.split(',')[1]?.replaceAll('"', '')),
      json.map(String),
      `${title}: CSV`
    )
    const parquet = await bytes('parquet')
    t.strictSame(
      (await parquetReadObjects({ file: parquet })).map(({ Value }) => Value),
      typed,
      `${title}: Parquet`
    )
    t.match(
      parquetMetadata(parquet).key_value_metadata?.find(({ key }) => key === 'Value.valueType')?.value,
      stored.at(-1)?.[0]
    )
    const arrow = tableFromIPC(new Uint8Array(await bytes('arrow')))
    t.strictSame([...(arrow.getChild('Value') ?? [])], typed, `${title}: Arrow`)
    const grid = (await hub.get(`${asked}&interval=1s&align=previous`)).json
    t.strictSame(cellsOf(grid.rows), json, `${title}: grid`)
    t.equal(grid.columns[1].type, type, `${title}: grid`)
  }
})

t.test('sums and extremes of integers are exact in every format', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', {
    modelType: 'Submodel',
    id: 'urn:m',
    submodelElements: [
      { modelType: 'Property', idShort: 'Small', valueType: 'xs:int' },
      { modelType: 'Property', idShort: 'Large', valueType: 'xs:long' },
      { modelType: 'Property', idShort: 'Huge', valueType: 'xs:integer' }
    ]
  })
  const samples = [
    ['Small', '3'],
    ['Small', '4'],
    ['Large', '9007199254740993'],
    ['Large', '9007199254740994'],
    ['Huge', '9223372036854775807'],
    ['Huge', '1']
  ].map(([path, value], i) => ({ submodel: 'urn:m', path, time: START + i, value }))
  t.equal((await hub.post('/ingest', samples)).status, 200)
  const asked = '/timeseries?submodel=urn:m&interval=1h&aggregate=min,max,sum,mean,count'
  const { columns, rows } = (await hub.get(asked)).json
  const names: string[] = columns.map(({ name }: { name: string }) => name)
  t.strictSame(Object.fromEntries(names.map((name, i) => [name, [columns[i].type, rows[0][i]]]).slice(1)), {
    'Small.min': ['integer', 3],
    'Small.max': ['integer', 4],
    'Small.sum': ['integer', 7],
    'Small.mean': ['number', 3.5],
    'Small.count': ['integer', 2],
    'Large.min': ['integer', '9007199254740993'],
    'Large.max': ['integer', '9007199254740994'],
    'Large.sum': ['integer', '18014398509481987'],
    'Large.mean': ['number', 9007199254740994],
    'Large.count': ['integer', 2],
    'Huge.min': ['integer', 1],
    'Huge.max': ['integer', '9223372036854775807'],
    'Huge.sum': ['text', '9223372036854775808'],
    'Huge.mean': ['number', 4611686018427388000],
    'Huge.count': ['integer', 2]
  })
  t.strictSame((await hub.get(`${asked}&limit=1`)).json, (await hub.get(asked)).json)
  const parquet = await (await fetch(`${hub.api}${asked}&format=parquet`)).arrayBuffer()
  t.match((await parquetReadObjects({ file: parquet }))[0], {
    'Small.sum': 7n,
    'Large.sum': 18014398509481987n,
    'Huge.sum': '9223372036854775808'
  })
})

function cellsOf(rows: readonly unknown[][]): unknown[] {
  return rows.map(([, value]) => value)
}
