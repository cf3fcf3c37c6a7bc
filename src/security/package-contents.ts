/**
 * What AASX packages hold, held against access rules: a package is accessible if every shell, submodel and concept
 * description in it is, entirely, as it stands in the package. One that holds none, or cannot be read, is accessible only to
 * who may access everything.
 *
 * Only the parts with documents are read, one document at a time. The bytes of a blob never change, so both the ids and
 * the verdict are remembered.
 */
import { createHash } from 'node:crypto'
import { HubError } from '../errors.ts'
import { openAasx, type RangedBytes } from '../formats/aasx-reader.ts'
import { DEFAULT_READ_LIMITS } from '../formats/environment-source.ts'
import { unstorable } from '../formats/json.ts'
import type { Identifiable } from '../model/types.ts'
import type { DocumentStore } from '../store/document-store.ts'
import type { FileEntry } from '../store/store.ts'
import { TimeSlice } from '../time-slice.ts'
import { BoundedCache } from './bounded-cache.ts'
import type { Decision } from './decisions.ts'
import type { MaybePromise } from './maybe-promise.ts'

/** The kinds of documents in packages. */
export const PACKAGE_KINDS = ['AssetAdministrationShell', 'Submodel', 'ConceptDescription'] as const

/** The name of the file of a stored package. */
export const PACKAGE_FILE = 'package'

export interface PackedDocument {
  readonly kind: (typeof PACKAGE_KINDS)[number]
  readonly id: string
}

/** Ids of the shells among the documents of a package. */
export function shellsIn(documents: readonly PackedDocument[]): ReadonlySet<string> {
  return new Set(documents.flatMap(({ kind, id }) => (kind === 'AssetAdministrationShell' ? [id] : [])))
}

type DecideOn = (document: PackedDocument) => MaybePromise<Decision>

/** Undefined: it holds none, or cannot be read. */
type Packed = readonly PackedDocument[] | undefined

/** Documents of one package; one that holds more counts as one that cannot be read. */
const MAX_DOCUMENTS = 10_000
/** Documents of all packages that are remembered: about 20 MB. */
const MAX_REMEMBERED = 100_000
const MAX_VERDICTS = 50_000

export class PackageContents {
  readonly #packed = new BoundedCache<{ readonly documents: Packed }>(MAX_REMEMBERED)
  readonly #verdicts = new BoundedCache<boolean>(MAX_VERDICTS)

  /** @returns the documents in a package if all of them are accessible entirely */
  async accessible(store: Pick<DocumentStore, 'open'>, file: FileEntry, decide: DecideOn): Promise<Packed> {
    const known = this.#packed.get(file.blob)
    const documents = known === undefined ? await this.#read(store, file) : known.documents
    if (documents === undefined) return undefined
    const decisions = await Promise.all(documents.map(decide))
    if (decisions.every(({ isAllowed }) => isAllowed)) return documents
    if (decisions.some(({ isRefused }) => isRefused)) return undefined
    const key = keyOf(file, decisions)
    const isCovered = this.#verdicts.get(key) ?? (await this.#coversAll(store, file, decisions))
    this.#verdicts.set(key, isCovered, 1)
    return isCovered ? documents : undefined
  }

  async #read(store: Pick<DocumentStore, 'open'>, file: FileEntry): Promise<Packed> {
    const found: PackedDocument[] = []
    const isReadable = await eachDocument(store, file, (document) => {
      found.push({ kind: document.modelType, id: document.id })
      return found.length <= MAX_DOCUMENTS
    })
    const documents = isReadable && found.length > 0 ? found : undefined
    this.#packed.set(file.blob, { documents }, 1 + found.length)
    return documents
  }

  /** @param decisions in the order of the documents */
  async #coversAll(
    store: Pick<DocumentStore, 'open'>,
    file: FileEntry,
    decisions: readonly Decision[]
  ): Promise<boolean> {
    let index = 0
    return eachDocument(store, file, (document) => {
      const decision = decisions[index++]
      return decision !== undefined && (decision.isAllowed || decision.view.visible(document) === document)
    })
  }
}

/** All documents of a package, with the bytes of their JSON; undefined where it holds none, more, or cannot be read. */
export async function documentsIn(
  store: Pick<DocumentStore, 'open'>,
  file: FileEntry,
  maxBytes: number
): Promise<{ readonly documents: readonly Identifiable[]; readonly bytes: number } | undefined> {
  const documents: Identifiable[] = []
  let bytes = 0
  const isReadable = await eachDocument(store, file, (document) => {
    documents.push(document)
    bytes += JSON.stringify(document).length
    return documents.length <= MAX_DOCUMENTS && bytes <= maxBytes
  })
  return isReadable && documents.length > 0 ? { documents, bytes } : undefined
}

function keyOf({ blob }: FileEntry, decisions: readonly Decision[]): string {
  const views = decisions.map(({ isAllowed, view }) => (isAllowed ? '' : view.number))
  return `${blob} ${createHash('sha256').update(views.join()).digest('base64')}`
}

/**
 * Visits the documents of a package until one is refused.
 * @returns were there only documents that can be judged, none of which was refused?
 * @throws what the store throws
 */
async function eachDocument(
  store: Pick<DocumentStore, 'open'>,
  file: FileEntry,
  visit: (document: Identifiable) => boolean
): Promise<boolean> {
  let failure: unknown
  const bytes: RangedBytes = {
    size: file.size,
    open: (start, end) => store.open(file, { start, end: end - 1 }).on('error', (error) => (failure ??= error))
  }
  const slice = new TimeSlice()
  try {
    const source = await openAasx(bytes, DEFAULT_READ_LIMITS)
    try {
      for await (const { className, document } of source.documents()) {
        await slice.check()
        const identifiable = document as Identifiable
        if (unstorable(className, document, { limit: 1 }).length > 0 || typeof identifiable.id !== 'string')
          return false
        if (!visit(identifiable)) return false
      }
      return true
    } finally {
      await source.close()
    }
  } catch (error) {
    // The reader of packages reports a failed read as a defect of the package.
    if (failure !== undefined) throw failure
    if (!(error instanceof HubError) || error.status >= 500) throw error
    return false
  }
}
