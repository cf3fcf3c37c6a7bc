/** The samples that `/stream` replays from the beginning: as rows and as columns, in JSON and in CBOR. */
import { once } from 'node:events'
import { decode, encode } from 'cborg'
import { WebSocket } from 'ws'
import type { Running } from '../e2e/harness.ts'
import type { Type } from './history-model.ts'
import { type ShownSample, shown } from './table-samples.ts'

const MARKER = 'Marker'

const SHAPES = ['rows', 'columns'] as const

/** An element whose value marks the end: everything that was sent before it has arrived. */
export const marker = { modelType: 'Property', idShort: MARKER, valueType: 'xs:long' }

/** What is sent of each element, by shape and protocol. */
export async function streamed(
  hub: Running,
  typeOf: (path: string) => Type
): Promise<Map<string, Map<string, ShownSample[]>>> {
  const mark = await markedEnd(hub)
  const found = new Map<string, Map<string, ShownSample[]>>()
  for (const protocol of ['aas-hub.v1.json', 'aas-hub.v1.cbor']) {
    const replays = await replay(hub, protocol, mark)
    for (const shape of SHAPES) {
      const samples = (replays.get(shape) ?? []).flatMap((event) => samplesOf(event, typeOf))
      const byPath = Map.groupBy(samples, ([path]) => path)
      found.set(
        `the stream's ${shape} by ${protocol}`,
        new Map([...byPath].map(([path, all]) => [path, all.map(([, one]) => one)]))
      )
    }
  }
  return found
}

async function markedEnd(hub: Running): Promise<number> {
  const mark = Date.now()
  const sample = { submodel: 'urn:m', path: MARKER, time: mark, value: mark }
  const { status, text } = await hub.post(`${hub.url}/ingest`, [sample])
  if (status !== 200) throw new Error(text)
  return mark
}

// biome-ignore lint/suspicious/noExplicitAny: messages as received
type Received = any

/** Events of both shapes, on one connection, up to the mark. */
async function replay(hub: Running, protocol: string, mark: number): Promise<Map<string, Received[]>> {
  const isBinary = protocol.endsWith('cbor')
  const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/stream`, protocol)
  const events = new Map<string, Received[]>(SHAPES.map((shape) => [shape, []]))
  const open = new Set<string>(SHAPES)
  try {
    await once(socket, 'open')
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('The stream was closed')))
    socket.on('message', (bytes: Buffer) => {
      const message: Received = isBinary ? decode(bytes) : JSON.parse(String(bytes))
      if (message.type === 'refused') reject(new Error(JSON.stringify(message)))
      if (message.type !== 'event') return
      events.get(message.sub)?.push(...message.events)
      if (message.events.some((event: Received) => isMark(event, mark))) open.delete(message.sub)
      if (open.size === 0) resolve()
    })
    for (const shape of SHAPES) {
      const select = { submodels: ['urn:m'], kinds: ['value'] }
      const request = {
        type: 'subscribe',
        id: shape,
        select,
        since: '1970-01-01T00:00:00Z',
        columns: shape === 'columns'
      }
      socket.send(isBinary ? encode(request) : JSON.stringify(request))
    }
    await promise
    return events
  } finally {
    socket.terminate()
  }
}

function isMark({ path, value, values = [value] }: Received, mark: number): boolean {
  return path === MARKER && values.some((one: unknown) => Number(one) === mark)
}

function samplesOf(event: Received, typeOf: (path: string) => Type): (readonly [path: string, ShownSample])[] {
  const { path, value, values, sourceTime, start, step, offsets, quality } = event
  if (path === MARKER) return []
  if (values === undefined) return [[path, shown(typeOf(path), Date.parse(sourceTime), value, quality)]]
  return values.map((one: unknown, i: number) => {
    const time = Date.parse(start) + (offsets === undefined ? step * i : offsets[i]) / 1e6
    return [path, shown(typeOf(path), time, one, Array.isArray(quality) ? quality[i] : quality)] as const
  })
}
