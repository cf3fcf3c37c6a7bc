import { buffer } from 'node:stream/consumers'
import { tableFromIPC } from 'apache-arrow'
import fc from 'fast-check'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import t from 'tap'
import type { Table, TableBatch, TableColumn } from '../../src/formats/tables/table.ts'
import { type TableFormat, writers } from '../../src/formats/tables/writers.ts'

const columns: readonly TableColumn[] = [
  { name: 'time', type: 'time' },
  { name: 'speed', type: 'number', unit: 'mm/s', semanticId: 'urn:speed', label: '속도' },
  { name: 'count', type: 'integer' },
  { name: 'running', type: 'boolean' },
  { name: 'state', type: 'text' }
]

interface Row {
  readonly time: bigint
  readonly speed: number | undefined
  readonly count: bigint | undefined
  readonly running: boolean | undefined
  readonly state: string | undefined
}

const START = 1_764_000_000_000_000_001n
const rows: Row[] = [
  { time: START, speed: 1.5, count: 3n, running: true, state: 'on, "really"\r\nso' },
  { time: START + 1n, speed: undefined, count: -(2n ** 60n), running: undefined, state: undefined },
  { time: START + 2n, speed: Number.NaN, count: undefined, running: false, state: '정지' }
]

t.test('JSON has the columns and a list for each row', async (t) => {
  const read = JSON.parse(String(await written('json', [rows])))
  t.strictSame(read.columns, columns)
  t.strictSame(read.rows, [
    ['2025-11-24T16:00:00.000000001Z', 1.5, 3, true, 'on, "really"\r\nso'],
    ['2025-11-24T16:00:00.000000002Z', null, '-1152921504606846976', null, null],
    ['2025-11-24T16:00:00.000000003Z', 'NaN', null, false, '정지']
  ])
})

t.test('NDJSON has an object per row, without absent values', async (t) => {
  const lines = String(await written('ndjson', [rows]))
    .trimEnd()
    .split('\n')
  t.strictSame(JSON.parse(lines[1] ?? ''), { time: '2025-11-24T16:00:00.000000002Z', count: '-1152921504606846976' })
  t.equal(lines.length, 3)
})

t.test('CSV is headed by labels and units, and quoted where it must be', async (t) => {
  const text = String(await written('csv', [rows.slice(0, 2)]))
  t.equal(
    text,
    '\uFEFFtime,속도 [mm/s],count,running,state\r\n' +
      '2025-11-24T16:00:00.000000001Z,1.5,3,true,"on, ""really""\r\nso"\r\n' +
      '2025-11-24T16:00:00.000000002Z,,-1152921504606846976,,\r\n'
  )
})

t.test('texts of CSV that read as numbers are quoted, so that a spreadsheet can keep their digits', async (t) => {
  const texts = ['000100', '18446744073709551615', '-1.50', '.5', 'A1', '']
  const table = texts.map((state, i) => ({ ...rows[1], time: START + BigInt(i), state }) as Row)
  const lines = String(await written('csv', [table]))
    .trimEnd()
    .split('\r\n')
    .slice(1)
  t.strictSame(
    lines.map((line) => line.split(',').at(-1)),
    ['"000100"', '"18446744073709551615"', '"-1.50"', '".5"', 'A1', '']
  )
})

t.test('annotated CSV has a table for each column, as clients of InfluxDB read it', async (t) => {
  const lines = String(await written('flux', [rows.slice(0, 2)])).split('\r\n')
  t.strictSame(lines[3]?.split(','), ['', 'result', 'table', '_time', '_value', '_field'])
  t.equal(lines[4], ',,0,2025-11-24T16:00:00.000000001Z,1.5,speed')
  t.strictSame(lines.slice(5, 7), ['', '#datatype,string,long,dateTime:RFC3339,long,string'])
  t.equal(lines[11], ',,1,2025-11-24T16:00:00.000000002Z,-1152921504606846976,count')
})

t.test('Parquet survives a round trip, with times to the nanosecond and column metadata', async (t) => {
  const bytes = await written('parquet', [rows.slice(0, 1), rows.slice(1)])
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
  const { schema, key_value_metadata: facts = [] } = parquetMetadata(file)
  t.match(schema[1], { name: 'time', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'NANOS' } })
  t.match(
    facts.find(({ key }) => key === 'speed.unit'),
    { value: 'mm/s' }
  )
  t.strictSame(await fromParquet(bytes), rows)
})

t.test('Arrow survives a round trip, with units in the fields', async (t) => {
  const bytes = await written('arrow', [rows.slice(0, 1), rows.slice(1)])
  const table = tableFromIPC(bytes)
  t.equal(table.schema.fields[1]?.metadata.get('unit'), 'mm/s')
  t.equal(String(table.schema.fields[0]?.type), 'Timestamp<NANOSECOND, UTC>')
  t.strictSame(fromArrow(bytes), rows)
})

t.test('any table comes back, in whichever batches it is written', async (t) => {
  const row: fc.Arbitrary<Row> = fc.record(
    {
      time: fc.bigInt({ min: 0n, max: 2n ** 62n }),
      speed: fc.option(fc.double(), { nil: undefined }),
      count: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { nil: undefined }),
      running: fc.option(fc.boolean(), { nil: undefined }),
      state: fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined })
    },
    { noNullPrototype: true }
  )
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(row, { minLength: 1, maxLength: 20 }), { maxLength: 5 }), async (batches) => {
      const all = batches.flat()
      t.strictSame(fromArrow(await written('arrow', batches)), all)
      t.strictSame(await fromParquet(await written('parquet', batches)), all)
      const lines = String(await written('ndjson', batches))
        .split('\n')
        .slice(0, -1)
      t.strictSame(
        lines.map((line) => JSON.parse(line).state),
        all.map(({ state }) => state)
      )
      t.equal(JSON.parse(String(await written('json', batches))).rows.length, all.length)
    }),
    { numRuns: 50 }
  )
})

async function fromParquet(bytes: Buffer): Promise<Row[]> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
  const plain = (value: unknown) => value as Date
  const parsers = {
    timestampFromNanoseconds: plain,
    timestampFromMilliseconds: plain,
    timestampFromMicroseconds: plain
  }
  const read = await parquetReadObjects({ file, parsers: parsers as never })
  return read.map(({ time, speed, count, running, state }) => rowOf([time, speed, count, running, state]))
}

function fromArrow(bytes: Buffer): Row[] {
  const table = tableFromIPC(bytes)
  return Array.from({ length: table.numRows }, (_, at) =>
    rowOf(
      columns.map(({ name, type }) => {
        const column = table.getChild(name)
        const part = column?.data
        if (column?.get(at) === null) return undefined
        if (type !== 'time') return column?.get(at)
        // A number would lose the nanoseconds.
        let rest = at
        for (const { values, length } of part ?? []) {
          if (rest < length) return values[rest]
          rest -= length
        }
        return undefined
      })
    )
  )
}

function rowOf([time, speed, count, running, state]: unknown[]): Row {
  return {
    time,
    speed: speed ?? undefined,
    count: count ?? undefined,
    running: running ?? undefined,
    state: state ?? undefined
  } as Row
}

async function written(format: TableFormat, batches: Row[][]): Promise<Buffer> {
  return buffer(writers[format].write(tableOf(batches)))
}

function tableOf(batches: Row[][]): Table {
  return {
    columns,
    metadata: { source: 'test' },
    batches: (async function* () {
      for (const batch of batches) yield batchOf(batch)
    })()
  }
}

function batchOf(batch: Row[]): TableBatch {
  const present = (name: keyof Row) => {
    const bits = Uint8Array.from(batch, (row) => (row[name] === undefined ? 0 : 1))
    return bits.every((bit) => bit === 1) ? {} : { present: bits }
  }
  return {
    length: batch.length,
    columns: [
      { values: BigInt64Array.from(batch, ({ time }) => time) },
      { values: Float64Array.from(batch, ({ speed }) => speed ?? 0), ...present('speed') },
      { values: BigInt64Array.from(batch, ({ count }) => count ?? 0n), ...present('count') },
      { values: Uint8Array.from(batch, ({ running }) => (running === true ? 1 : 0)), ...present('running') },
      { values: batch.map(({ state }) => state ?? ''), ...present('state') }
    ]
  }
}
