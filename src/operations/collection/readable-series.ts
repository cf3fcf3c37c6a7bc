/** Which series a caller may read: those of elements that it may read. */
import { parseStoredPath } from '../../model/path.ts'
import type { Submodel } from '../../model/types.ts'
import { resolve } from '../../model/walk.ts'
import type { Access } from '../../security/access.ts'
import { unlessDamaged } from '../../store/damage.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import type { SeriesName } from '../../store/series.ts'

/** Submodels that are kept while their series are judged; those of a plan follow one another. */
const CACHE_ENTRIES = 64

/** @returns `all` where it may read everything; an element that does not exist is not readable otherwise */
export async function readableSeries(
  store: DocumentStore,
  access: Access | undefined
): Promise<'all' | ((series: SeriesName) => Promise<boolean>)> {
  if (access === undefined || (await access.ofKind('READ', 'Submodel')) === 'allowed') return 'all'
  const known = new Map<string, (path: string) => boolean>()
  return async ({ submodel, path }) => {
    let isReadable = known.get(submodel)
    if (isReadable === undefined) {
      isReadable = await readableIn(store, access, submodel)
      if (known.size >= CACHE_ENTRIES) known.clear()
      known.set(submodel, isReadable)
    }
    return isReadable(path)
  }
}

async function readableIn(store: DocumentStore, access: Access, id: string): Promise<(path: string) => boolean> {
  const document = await unlessDamaged(store.document('Submodel', id))
  if (document === undefined) return () => false
  const submodel = JSON.parse(document.bytes.toString()) as Submodel
  const view = await access.view('READ', 'Submodel', id)
  return (path) => {
    const steps = parseStoredPath(path)
    const element = steps && resolve(submodel, steps)
    // Of an element that the caller sees in part the value may be what is hidden.
    return steps !== undefined && element !== undefined && view.visibleElement(submodel, steps) === element
  }
}
