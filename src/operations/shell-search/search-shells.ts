/** Finds shells by a text in their names, identifiers or asset ids, as far as the caller may read them. */
import type { AssetAdministrationShell } from '../../model/types.ts'
import { unlessDamaged } from '../../store/damage.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import type { Document } from '../../store/store.ts'
import type { TimeSlice } from '../../time-slice.ts'
import { containsText, foldText, type SearchedField, type ShellIndex, textsOf } from './shell-index.ts'

export interface ShellSearch {
  readonly text: string
  readonly fields: readonly SearchedField[]
  /** Position of the last shell of the page before. */
  readonly after: number
  readonly limit: number
  /** Time for the page, and whether it is over: the page then ends early. */
  readonly timeMs: number
  readonly isOver: () => boolean
}

export interface FoundShells {
  readonly shells: readonly Document[]
  /** Where to continue; absent: that was all. */
  readonly next?: number
}

const KIND = 'AssetAdministrationShell'
const DOCUMENTS_PER_READ = 200

/** @param store as the caller may see it */
export async function searchShells(
  store: DocumentStore,
  index: ShellIndex,
  search: ShellSearch,
  slice: TimeSlice
): Promise<FoundShells> {
  const wanted = foldText(search.text)
  // While it is being made, which takes long where there are very many shells, the client asks again.
  if (!(await index.update(search.timeMs))) return { shells: [], next: search.after }
  const found = index.isTooLarge ? listed(store, search) : indexed(store, index, { wanted, ...search }, slice)
  const { generation } = index
  const shells: Document[] = []
  // That of the last one shown: another one would tell of hidden shells with this text.
  let next = search.after
  for await (const { document, position } of found) {
    // One more than fits shows that there is a next page.
    if (document !== undefined && isVisible(document, wanted, search.fields)) {
      if (shells.length === search.limit) return { shells, next }
      shells.push(document)
      next = position
    }
    // Without one it must get further nevertheless.
    if (search.isOver()) return { shells, next: shells.length > 0 ? next : position }
    await slice.check()
  }
  return generation === index.generation ? { shells } : { shells, next }
}

interface Candidate {
  readonly position: number
  /** Undefined: deleted meanwhile, damaged, or hidden. */
  readonly document: Document | undefined
}

async function* indexed(
  store: DocumentStore,
  index: ShellIndex,
  { wanted, fields, after }: ShellSearch & { readonly wanted: string },
  slice: TimeSlice
): AsyncGenerator<Candidate> {
  for (const found of index.find(wanted, fields, after)) {
    if (found === undefined) await slice.check()
    else yield { position: found.position, document: await unlessDamaged(store.document(KIND, found.id)) }
  }
}

async function* listed(store: DocumentStore, { after, isOver }: ShellSearch): AsyncGenerator<Candidate> {
  for (let from: number | undefined = after; from !== undefined; ) {
    const page = await store.documents(KIND, [], { after: from, limit: DOCUMENTS_PER_READ, isOver })
    for (const document of page.items) yield { position: document.position, document }
    from = page.next
    if (from !== undefined) yield { position: from, document: undefined }
  }
}

/** By what the caller sees of it: a hidden name must not be found. */
function isVisible({ bytes }: Document, wanted: string, fields: readonly SearchedField[]): boolean {
  return containsText(textsOf(JSON.parse(bytes.toString()) as AssetAdministrationShell), wanted, fields)
}
