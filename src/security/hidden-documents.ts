/**
 * Reads documents that may be hidden from a caller, so that the time which that takes does not tell whether they exist.
 *
 * That nothing of a document is visible is remembered as long as its structure, or what else counts, stays; that none
 * exists likewise. Either is confirmed by the head of the document alone, however large it is and however often its values
 * change. Asked for the first time, an absent one costs the evaluation of another document.
 */
import { unlessDamaged } from '../store/damage.ts'
import type { DocumentStore } from '../store/document-store.ts'
import type { Document, DocumentHead } from '../store/store.ts'
import { BoundedCache } from './bounded-cache.ts'
import type { Decision } from './decisions.ts'
import type { DocumentKind } from './rule.ts'
import type { DocumentView } from './view.ts'

/** How a document is shown. */
export interface Showing<Result> {
  /** Distinguishes it in what is remembered. */
  readonly name: string
  /** Do no more than structure and what the view was made from decide? */
  readonly isStructural: boolean
  /** Undefined: nothing is visible. */
  show(view: DocumentView, document: Document): Result | undefined
}

/** Revisions of a hidden document; none of one that is absent. */
type Known = Pick<DocumentHead, 'revision' | 'structureRevision'> | 'absent'

/** Of about 300 bytes. */
const MAX_KNOWN = 50_000
/** An example that is evaluated in place of an absent document; it stays in memory. */
const MAX_EXAMPLE_BYTES = 2 ** 20

export class HiddenDocuments {
  readonly #known = new BoundedCache<Known>(MAX_KNOWN)
  /** The last document of each kind that was found hidden. */
  readonly #examples = new Map<string, Document>()

  /** @returns the stored document and what is visible of it; undefined if that is nothing */
  async read<Result>(
    store: Pick<DocumentStore, 'document' | 'head'>,
    decision: Decision,
    kind: DocumentKind,
    id: string,
    showing: Showing<Result>
  ): Promise<{ readonly document: Document; readonly shown: Result } | undefined> {
    const { isRefused, view } = decision
    if (isRefused) {
      await store.head(kind, id)
      return undefined
    }
    const key = `${view.number} ${showing.name} ${kind} ${id}`
    const known = this.#known.get(key)
    if (
      known !== undefined &&
      isStill(known, await store.head(kind, id), showing.isStructural && !decision.readsElements)
    )
      return undefined
    const document = await unlessDamaged(store.document(kind, id))
    const example = document ?? this.#examples.get(kind)
    const shown = example && showing.show(view, example)
    if (document !== undefined && shown !== undefined) return { document, shown }
    this.#remember(key, document, await store.head(kind, id))
    return undefined
  }

  #remember(key: string, document: Document | undefined, head: DocumentHead | undefined): void {
    if (document === undefined) {
      if (head === undefined) this.#known.set(key, 'absent', 1)
      return
    }
    const { kind, revision, structureRevision } = document
    if (document.bytes.length <= MAX_EXAMPLE_BYTES) this.#examples.set(kind, document)
    // Another head is that of a document which was written to meanwhile, or that is not stored as it is read.
    if (head?.revision === revision) this.#known.set(key, { revision, structureRevision }, 1)
  }
}

function isStill(known: Known, head: DocumentHead | undefined, isStructural: boolean): boolean {
  if (known === 'absent' || head === undefined) return known === 'absent' && head === undefined
  return isStructural ? known.structureRevision === head.structureRevision : known.revision === head.revision
}
