/**
 * Records found damaged in storage. Their readers get an error that names the record; monitoring gets a count and a log
 * line, once per record.
 */
import { HubError } from '../errors.ts'
import type { Document, Page } from './store.ts'

/** Bound of the names that are remembered, so that repeated reads of a record count once. */
const MAX_REMEMBERED = 10_000

export const CHECKSUM_DIFFERS = 'its checksum does not match; replace it, delete it, or restore the store from a backup'

/** Elements of a submodel are damaged; it cannot be read as a whole, but what lies beside them can. */
export class DamagedElements extends HubError {
  /** Their idShortPaths. */
  readonly paths: readonly string[]
  /** The submodel, in which these elements have the values that its structure was written with: not to be used. */
  readonly rest: Document

  constructor(rest: Document, paths: readonly string[]) {
    super('Damaged', [damagedElement(rest.id, ...paths), CHECKSUM_DIFFERS])
    this.paths = paths
    this.rest = rest
  }
}

export function damagedElement(submodel: string, path = '', ...others: readonly string[]): string {
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`
  return `The element "${path}" of Submodel "${submodel}"${more}`
}

export class DamageLog {
  readonly #known = new Set<string>()
  readonly #listeners = new Set<(error: HubError) => void>()
  #count = 0

  /** Distinct records found damaged since the store was opened. */
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

  /** Reports each of the elements. @returns the error for readers of their submodel */
  reportElements(rest: Document, paths: readonly string[]): DamagedElements {
    for (const path of paths) this.report(damagedElement(rest.id, path))
    return new DamagedElements(rest, paths)
  }

  /** Counts an error created elsewhere, if it reports damage of one record. */
  noteError(error: unknown): void {
    if (!isDamaged(error) || error instanceof DamagedElements || this.#known.has(error.message)) return
    if (this.#known.size < MAX_REMEMBERED) this.#known.add(error.message)
    this.#count++
    for (const listener of this.#listeners) listener(error)
  }

  /** Calls the listener once per damaged record. @returns a function that stops listening */
  onDamage(listener: (error: HubError) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

/** Treats damaged data as missing. @param onDamage called if it is damaged */
export async function unlessDamaged<Value>(
  read: Promise<Value>,
  onDamage: () => void = () => {}
): Promise<Value | undefined> {
  try {
    return await read
  } catch (error) {
    if (!isDamaged(error)) throw error
    onDamage()
    return undefined
  }
}

/** All items of a page. @throws HubError `Damaged` if one of them is */
export function requireUndamaged<Item>(page: Page<Item>): readonly Item[] {
  const [id] = page.damaged ?? []
  if (id !== undefined) throw new HubError('Damaged', [`The document "${id}"`, CHECKSUM_DIFFERS])
  return page.items
}

export function isDamaged(error: unknown): error is HubError {
  return error instanceof HubError && error.name === 'Damaged'
}
