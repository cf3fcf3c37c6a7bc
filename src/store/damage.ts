/**
 * Records that were found damaged where they are stored: their readers get an error that names them, whoever watches over
 * the hub a count and a line, once for each record.
 */
import { HubError } from '../errors.ts'
import type { Page } from './store.ts'

/** Records that are remembered by name, so that a reader who comes again does not count again. */
const MAX_REMEMBERED = 10_000

/** What is wrong with a record, and what can be done about it. */
export const CHECKSUM_DIFFERS = 'its checksum does not match; replace it, delete it, or restore the store from a backup'

export class DamageLog {
  readonly #known = new Set<string>()
  readonly #listeners = new Set<(error: HubError) => void>()
  #count = 0

  /** Different records that were found damaged since the store was opened. */
  get count(): number {
    return this.#count
  }

  /**
   * @param record e.g. `Submodel "x"`
   * @returns the error for its reader
   */
  report(record: string, reason = CHECKSUM_DIFFERS): HubError {
    const error = new HubError('Damaged', [record, reason])
    this.noteError(error)
    return error
  }

  /** Counts an error that was made elsewhere, where it tells of damage. */
  noteError(error: unknown): void {
    if (!isDamaged(error) || this.#known.has(error.message)) return
    if (this.#known.size < MAX_REMEMBERED) this.#known.add(error.message)
    this.#count++
    for (const listener of this.#listeners) listener(error)
  }

  /** Hears of each damaged record once. @returns the way to stop listening */
  onDamage(listener: (error: HubError) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

/** What is damaged counts as not there. @param otherwise is called where it is */
export async function unlessDamaged<Found>(
  found: Promise<Found>,
  otherwise: () => void = () => {}
): Promise<Found | undefined> {
  try {
    return await found
  } catch (error) {
    if (!isDamaged(error)) throw error
    otherwise()
    return undefined
  }
}

/** For those who need all documents of a page. @throws HubError `Damaged` where one cannot be read */
export function requireUndamaged<Item>(page: Page<Item>): readonly Item[] {
  const [id] = page.damaged ?? []
  if (id !== undefined) throw new HubError('Damaged', [`The document "${id}"`, CHECKSUM_DIFFERS])
  return page.items
}

export function isDamaged(error: unknown): error is HubError {
  return error instanceof HubError && error.name === 'Damaged'
}
