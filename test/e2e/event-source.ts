/** A reader of Server-Sent Events. */
import { request as httpRequest } from 'node:http'
import type { Test } from 'tap'
import { inTime } from '../until.ts'
import type { Running } from './harness.ts'

export interface SentEvent {
  readonly event?: string
  readonly id?: string
  readonly data?: unknown
}

/** Reads `/events` until the test ends. @param query with its question mark */
export async function listen(t: Test, hub: Running, query: string, headers: Record<string, string> = {}) {
  const lines: SentEvent[] = []
  let wake = () => {}
  const request = httpRequest(`${hub.api}/events${query}`, { headers: { accept: 'text/event-stream', ...headers } })
  request.on('error', () => {})
  const answer = new Promise<void>((resolve) => {
    request.on('response', (response) => {
      t.equal(response.statusCode, 200)
      t.match(response.headers, { 'content-type': 'text/event-stream', 'x-content-type-options': 'nosniff' })
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const blocks = (text + chunk).split('\n\n')
        text = blocks.pop() ?? ''
        for (const block of blocks) if (/^(event|data):/m.test(block)) lines.push(parse(block))
        wake()
      })
      resolve()
    })
  })
  request.end()
  t.teardown(() => request.destroy())
  await answer
  return {
    stop: () => request.destroy(),
    next: async (): Promise<SentEvent> => {
      while (lines.length === 0) {
        await inTime(new Promise<void>((resolve) => (wake = resolve)), 'an event')
      }
      return lines.shift() ?? {}
    }
  }
}

function parse(block: string): SentEvent {
  const fields = block.split('\n').map((line): [string, string] => {
    const colon = line.indexOf(': ')
    return [line.slice(0, colon), line.slice(colon + 2)]
  })
  const { event, id, data } = Object.fromEntries(fields)
  return { ...(event && { event }), ...(id && { id }), ...(data && { data: JSON.parse(data) }) }
}
