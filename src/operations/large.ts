/** Which documents are worth a thread of their own. */
import type { Document } from '../store/store.ts'

/** About as many as take ten milliseconds to parse. */
const LARGE_BYTES = 1024 * 1024

export function isLarge({ bytes }: Pick<Document, 'bytes'>): boolean {
  return bytes.length > LARGE_BYTES
}
