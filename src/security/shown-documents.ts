/** What is visible of stored documents, remembered for each revision of a document. */
import { parseStoredPath } from '../model/path.ts'
import type { Submodel, SubmodelElement } from '../model/types.ts'
import { readValueMembers } from '../model/value-members.ts'
import { keptIndexes, resolve, walk } from '../model/walk.ts'
import { hasBlobValue } from '../store/element-rows.ts'
import type { Document, ElementRow, HiddenItems } from '../store/store.ts'
import { BoundedCache } from './bounded-cache.ts'
import type { Showing } from './hidden-documents.ts'
import type { DocumentView } from './view.ts'

/** In bytes. */
const CACHE_SIZE = 32 * 2 ** 20
/** Approximate size of an entry without documents, and of a parsed document for each byte of its text. */
const ENTRY_BYTES = 500
const PARSED_BYTES_PER_BYTE = 6

interface Entry {
  readonly revision: number
  readonly shown: Shown | undefined
  /** Kept once an element was asked for. */
  elements?: ElementViews
}

export interface Shown {
  readonly document: Document
  readonly isWhole: boolean
}

export type ShownPart = 'document' | 'elements'

export class ShownDocuments {
  readonly #known = new BoundedCache<Entry>(CACHE_SIZE)

  /**
   * @param part `elements`: for operations on an element, which show nothing else (`visibleElements`)
   * @returns undefined where nothing is visible
   */
  show(view: DocumentView, document: Document, part: ShownPart = 'document'): Shown | undefined {
    return this.#entryFor(view, document, part).shown
  }

  /** A way to show documents, for `HiddenDocuments`. @param isStructural by the rules of the view */
  showing(part: ShownPart, isStructural: boolean): Showing<Shown> {
    return { name: part, isStructural, show: (view, document) => this.show(view, document, part) }
  }

  /**
   * The row of an element with what is visible of its value; undefined where the element is hidden.
   * @param row undefined: there is none, which takes as long to say
   */
  element(view: DocumentView, document: Document, path: string, row: ElementRow | undefined): ElementRow | undefined {
    const entry = this.#entryFor(view, document, 'elements')
    if (entry.shown?.isWhole === true) return row
    if (entry.shown === undefined) return undefined
    if (entry.elements === undefined) {
      entry.elements = new ElementViews(view, JSON.parse(document.bytes.toString()) as Submodel)
      this.#known.set(keyOf(view, document, 'elements'), entry, sizeOf(entry, document))
    }
    const value = entry.elements.valueAt(path)
    return value === undefined || row === undefined ? undefined : { ...row, value }
  }

  #entryFor(view: DocumentView, document: Document, part: ShownPart): Entry {
    const key = keyOf(view, document, part)
    const known = this.#known.get(key)
    if (known?.revision === document.revision) return known
    const entry = { revision: document.revision, shown: show(view, document, part) }
    this.#known.set(key, entry, sizeOf(entry, document))
    return entry
  }
}

function keyOf({ number }: DocumentView, { kind, id }: Document, part: ShownPart): string {
  return `${number} ${part} ${kind} ${id}`
}

function sizeOf({ shown, elements }: Entry, { bytes }: Document): number {
  const own = shown === undefined || shown.isWhole ? 0 : shown.document.bytes.length
  return ENTRY_BYTES + own + (elements === undefined ? 0 : bytes.length * PARSED_BYTES_PER_BYTE)
}

function show(view: DocumentView, document: Document, part: ShownPart): Shown | undefined {
  const stored = JSON.parse(document.bytes.toString()) as object
  const visible = part === 'document' ? view.visible(stored) : view.visibleElements(stored)
  if (visible === undefined) return undefined
  return visible === stored ? { document, isWhole: true } : { document: withContent(document, visible), isWhole: false }
}

/** The document with other content, of which items may be hidden. */
function withContent(document: Document, content: object): Document {
  const isSubmodel = document.kind === 'Submodel'
  const hiddenItems = isSubmodel ? hiddenItemsIn(content as Submodel) : []
  return {
    ...document,
    bytes: Buffer.from(JSON.stringify(content)),
    hasBlob: document.hasBlob && isSubmodel && hasBlobValue(content as Submodel),
    ...(hiddenItems.length > 0 && { hiddenItems })
  }
}

function hiddenItemsIn(submodel: Submodel): HiddenItems[] {
  const found: HiddenItems[] = []
  const own = keptIndexes(submodel)
  if (own !== undefined) found.push({ path: '', indexes: own })
  for (const { element, path } of walk(submodel)) {
    const indexes = keptIndexes(element)
    if (indexes !== undefined) found.push({ path, indexes })
  }
  return found
}

/** Values of the elements of one document, as far as they are visible. */
class ElementViews {
  readonly #view: DocumentView
  readonly #submodel: Submodel
  readonly #values = new Map<string, string | undefined>()

  constructor(view: DocumentView, submodel: Submodel) {
    this.#view = view
    this.#submodel = submodel
  }

  /** The value members as JSON; undefined where the element is hidden, or is not in this document. */
  valueAt(path: string): string | undefined {
    if (this.#values.has(path)) return this.#values.get(path)
    const steps = parseStoredPath(path)
    if (steps === undefined || resolve(this.#submodel, steps) === undefined) return undefined
    const element = this.#view.visibleElement(this.#submodel, steps)
    const value = element && JSON.stringify(readValueMembers(element as SubmodelElement))
    this.#values.set(path, value)
    return value
  }
}
