import { ByteWriter, ParquetWriter } from 'hyparquet-writer'

/** A table of times and values, written by the library alone. @param times nanoseconds since 1970 */
export function bareParquet(times: BigInt64Array, values: Float64Array, rowGroupSize: number): Uint8Array {
  const writer = new ByteWriter()
  const schema = [
    { name: 'root', num_children: 2 },
    { name: 'time', type: 'INT64', repetition_type: 'REQUIRED' },
    { name: 'value', type: 'DOUBLE', repetition_type: 'OPTIONAL' }
  ] as const
  const file = new ParquetWriter({ writer, schema: [...schema] })
  const columnData = [
    { name: 'time', data: times },
    { name: 'value', data: values }
  ]
  file.write({ columnData, rowGroupSize })
  file.finish()
  return writer.getBytes()
}
