/** Messages, and estimated sizes of their events. */
import type { Message, StreamEvent } from './subscription.ts'

/** Estimated bytes after which a message is sent. */
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

/** JSON sizes of documents, noted when they are parsed. */
const sizes = new WeakMap<object, number>()

export function noteSize(parsed: unknown, size: number): void {
  if (typeof parsed === 'object' && parsed !== null) sizes.set(parsed, size)
}

/** Notes the size of a part as that of the whole, which it does not exceed. */
export function noteSizeOf(part: object, whole: object): void {
  const size = sizes.get(whole)
  if (size !== undefined) sizes.set(part, size)
}

/** Estimated bytes of an event as JSON. */
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

/** Estimates: an event without names and values, a sample in a run, an element. */
const EVENT_OVERHEAD_BYTES = 150
export const SAMPLE_BYTES = 12
const ELEMENT_BYTES = 1000

/** Estimate for a typical event. */
export const EVENT_BYTES = 200

function sizeOfValue(value: unknown): number {
  return typeof value === 'string' ? value.length : typeof value === 'object' ? ELEMENT_BYTES : 8
}

function sizeOfMore(more: unknown): number {
  return typeof more === 'object' && more !== null ? (sizes.get(more) ?? ELEMENT_BYTES) : 0
}
