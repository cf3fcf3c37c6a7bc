/**
 * Baseline of exports: the libraries alone. Answers `/arrow` and `/parquet` with the table of the bench, which is in memory
 * as arrays, and reports its address to the parent.
 */
import {
  Field,
  Float64,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimestampNanosecond
} from 'apache-arrow'
import fastify from 'fastify'
import { bareParquet } from './bare-parquet.ts'
import { FRAME, readings } from './raw-baselines.ts'

const { rows } = JSON.parse(process.argv[3] ?? '{}') as { readonly rows: number }
const ROW_GROUP = 65_536

const times = BigInt64Array.from({ length: rows }, (_, i) => 1_764_000_000_000_000_000n + BigInt(i) * 100_000_000n)
const frames = Array.from({ length: 20 }, (_, seed) => readings(FRAME, seed))
const values = Float64Array.from({ length: rows }, (_, i) => frames[Math.floor(i / FRAME) % 20]?.[i % FRAME] ?? 0)

const app = fastify()
app.get('/arrow', async (_, reply) => reply.send(Buffer.from(arrow())))
app.get('/parquet', async (_, reply) => reply.send(Buffer.from(bareParquet(times, values, ROW_GROUP))))

function arrow(): Uint8Array {
  const fields = [new Field('time', new TimestampNanosecond('UTC'), false), new Field('value', new Float64(), true)]
  const schema = new Schema(fields)
  const writer = new RecordBatchStreamWriter()
  writer.reset(undefined, schema)
  for (let start = 0; start < rows; start += ROW_GROUP) {
    const end = Math.min(start + ROW_GROUP, rows)
    const length = end - start
    const children = [
      makeData({ type: new TimestampNanosecond('UTC'), length, data: times.subarray(start, end), nullCount: 0 }),
      makeData({ type: new Float64(), length, data: values.subarray(start, end), nullCount: 0 })
    ]
    writer.write(new RecordBatch(schema, makeData({ type: new Struct(fields), length, children, nullCount: 0 })))
  }
  writer.finish()
  return writer.toUint8Array(true)
}

process.send?.({ url: await app.listen({ host: '127.0.0.1', port: 0 }) })
