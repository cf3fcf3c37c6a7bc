/** Server-sent events (HTML Standard, 9.2): the data of each event, as a stream. */
import { CollectorError } from '../connector.ts'
import { MAX_BODY_BYTES } from './request.ts'

export interface ServerEvent {
  readonly data: string
  /** Of the last event that had one. */
  readonly id: string | undefined
}

/** @throws CollectorError for an event that is too long */
export async function* eventsOf(bytes: AsyncIterable<Buffer>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder()
  let rest = ''
  let data: string[] = []
  let size = 0
  let id: string | undefined
  for await (const part of bytes) {
    rest += decoder.decode(part, { stream: true })
    const lines = rest.split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line === '' && data.length > 0) {
        yield { data: data.join('\n'), id }
        data = []
        size = 0
        continue
      }
      const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
      if (field === 'data') data.push(value)
      if (field === 'id' && !value.includes('\0')) id = value
      size += line.length
    }
    if (size + rest.length > MAX_BODY_BYTES) throw new CollectorError('an event is too long')
  }
}
