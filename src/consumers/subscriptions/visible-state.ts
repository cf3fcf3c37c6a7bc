/** Current documents without what is hidden from a subject, for events with `content: 'full'`. */
import { parseStoredPath } from '../../model/path.ts'
import type { Submodel, SubmodelElement } from '../../model/types.ts'
import type { DocumentKind } from '../../store/store.ts'
import type { CurrentState, StateReader } from './current-state.ts'
import { noteSizeOf } from './message.ts'
import type { VerdictSource } from './verdict-cache.ts'

export class VisibleState implements StateReader {
  readonly #verdicts: VerdictSource
  readonly #state: CurrentState

  constructor(verdicts: VerdictSource, state: CurrentState) {
    this.#verdicts = verdicts
    this.#state = state
  }

  async document(kind: DocumentKind, id: string): Promise<unknown> {
    const document = (await this.#state.document(kind, id)) as object | undefined
    if (document === undefined) return undefined
    switch (kind) {
      case 'AssetAdministrationShell':
      case 'Submodel':
      case 'ConceptDescription':
      case 'AssetAdministrationShellDescriptor':
      case 'SubmodelDescriptor': {
        const { constant, view } = await this.#verdicts.verdict(kind, id, this.#state)
        const shown = constant === undefined ? view.visible(document) : constant ? document : undefined
        const isShell = kind === 'AssetAdministrationShell' && shown !== undefined
        return sizedLike(document, isShell ? await this.#verdicts.references.shell(shown) : shown)
      }
      case 'Validation':
        // Findings may be about what is hidden.
        return (await this.#verdicts.showsWhole('Submodel', id, this.#state)) ? document : undefined
      case 'Package':
        return this.#verdicts.packages.description(id, document as { readonly aasIds: readonly string[] })
      default:
        // Their changes are judged as a whole.
        return document
    }
  }

  async element(submodel: string, path: string): Promise<SubmodelElement | undefined> {
    const document = (await this.#state.document('Submodel', submodel)) as Submodel | undefined
    const steps = parseStoredPath(path)
    if (document === undefined || steps === undefined) return undefined
    const { constant, view } = await this.#verdicts.verdict('Submodel', submodel, this.#state)
    if (constant !== undefined) return constant ? this.#state.element(submodel, path) : undefined
    return view.visibleElement(document, steps) as SubmodelElement | undefined
  }
}

function sizedLike(whole: object, visible: object | undefined): object | undefined {
  if (visible !== undefined && visible !== whole) noteSizeOf(visible, whole)
  return visible
}
