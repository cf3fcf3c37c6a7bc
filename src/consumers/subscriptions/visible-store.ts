/** What a subject may see of shells and of semanticIds, for selections that name them. */
import { parseStoredPath } from '../../model/path.ts'
import type { Submodel, SubmodelElement } from '../../model/types.ts'
import type { DocumentKind as JudgedKind } from '../../security/rule.ts'
import type { Document, DocumentKind, ElementRow, Store } from '../../store/store.ts'
import { CurrentState } from './current-state.ts'
import { ElementMetadataCache } from './element-metadata-cache.ts'
import type { Lookups } from './matcher.ts'
import { ShellSubmodels } from './shell-submodels.ts'
import type { VerdictSource } from './verdict-cache.ts'

/** Elements whose metadata is kept for a subject. */
const MAX_ELEMENTS = 2000

export function visibleLookups(verdicts: VerdictSource, store: Store): Lookups {
  const seen = new VisibleStore(verdicts, store)
  return { store, metadata: new ElementMetadataCache(seen, MAX_ELEMENTS), shells: new ShellSubmodels(seen) }
}

class VisibleStore implements Pick<Store, 'document' | 'element'> {
  readonly #verdicts: VerdictSource
  readonly #store: Store

  constructor(verdicts: VerdictSource, store: Store) {
    this.#verdicts = verdicts
    this.#store = store
  }

  async document(kind: DocumentKind, id: string): Promise<Document | undefined> {
    const stored = await this.#store.document(kind, id)
    if (stored === undefined) return undefined
    const state = new CurrentState(this.#store)
    const { constant, view } = await this.#verdicts.verdict(kind as JudgedKind, id, state)
    if (constant !== undefined) return constant ? stored : undefined
    const document = JSON.parse(stored.bytes.toString()) as object
    const shown = view.visible(document)
    if (shown === document) return stored
    return shown && { ...stored, bytes: Buffer.from(JSON.stringify(shown)) }
  }

  async element(submodel: string, path: string): Promise<ElementRow | undefined> {
    const row = await this.#store.element(submodel, path)
    if (row === undefined) return undefined
    const state = new CurrentState(this.#store)
    const { constant, view } = await this.#verdicts.verdict('Submodel', submodel, state)
    if (constant !== undefined) return constant ? row : undefined
    const document = (await state.document('Submodel', submodel)) as Submodel | undefined
    const shown = document && view.visibleElement(document, parseStoredPath(path) ?? [])
    if (shown === undefined) return undefined
    const { semanticId } = shown as SubmodelElement
    return semanticId === undefined ? { ...row, semanticId: undefined } : row
  }
}
