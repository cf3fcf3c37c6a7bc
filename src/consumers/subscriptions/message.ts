/** Messages, and how events are gathered for one. */
import type { Message, StreamEvent } from './subscription.ts'

/** A message is sent once its events take about so many bytes. */
export const MESSAGE_BYTES = 48 * 1024

export function message(parts: Omit<Message, 'encoded'>): Message {
  const written = new Map<string, Uint8Array>()
  return {
    ...parts,
    encoded: (format, encode) => {
      let bytes = written.get(format)
      if (bytes === undefined) {
        bytes = encode()
        written.set(format, bytes)
      }
      return bytes
    }
  }
}

/** Bytes of the JSON of what was read, so that nobody has to write it to know. */
const sizes = new WeakMap<object, number>()

export function noteSize(read: unknown, size: number): void {
  if (typeof read === 'object' && read !== null) sizes.set(read, size)
}

/** Roughly what an event takes when it is written. */
export function sizeOf(event: StreamEvent): number {
  switch (event.event) {
    case 'value':
      return (
        EVENT_OVERHEAD_BYTES +
        event.submodel.length +
        event.path.length +
        sizeOfValue(event.value) +
        sizeOfMore(event.element)
      )
    case 'run':
      return (
        EVENT_OVERHEAD_BYTES +
        event.submodel.length +
        event.path.length +
        event.values.length * SAMPLE_BYTES +
        sizeOfMore(event.element)
      )
    case 'document':
      return (
        EVENT_OVERHEAD_BYTES +
        event.id.length +
        sizeOfMore(event.document) +
        (event.elements?.size ?? 0) * ELEMENT_BYTES
      )
  }
}

/** Of an event, its names and values aside; of a sample in a run; of an element. */
const EVENT_OVERHEAD_BYTES = 150
export const SAMPLE_BYTES = 12
const ELEMENT_BYTES = 1000

/** Of an event as most are. */
export const EVENT_BYTES = 200

function sizeOfValue(value: unknown): number {
  return typeof value === 'string' ? value.length : typeof value === 'object' ? ELEMENT_BYTES : 8
}

function sizeOfMore(more: unknown): number {
  return typeof more === 'object' && more !== null ? (sizes.get(more) ?? ELEMENT_BYTES) : 0
}
