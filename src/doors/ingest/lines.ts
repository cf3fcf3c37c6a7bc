/** Lines out of bytes that arrive in any pieces, many at a time. */
import { HubError } from '../../errors.ts'

/** No line is longer, in bytes: a body without line ends must not fill the memory. */
const LONGEST = 16 * 1024 * 1024

const NEWLINE = 10

/** @returns groups of lines, without their ends. @throws HubError `TooLarge` for a line that does not end */
export async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string[]> {
  let rest: Uint8Array[] = []
  let length = 0
  for await (const chunk of bytes) {
    const end = chunk.lastIndexOf(NEWLINE)
    if (end < 0) {
      rest.push(chunk)
      length += chunk.length
      if (length > LONGEST) throw new HubError('TooLarge', [`A line has more than ${LONGEST} bytes`])
      continue
    }
    const text = Buffer.concat([...rest, chunk.subarray(0, end)]).toString()
    rest = [chunk.subarray(end + 1)]
    length = chunk.length - end - 1
    yield text.split('\n')
  }
  const last = Buffer.concat(rest).toString()
  if (last !== '') yield [last]
}
