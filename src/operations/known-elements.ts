/**
 * What a writing operation may let its caller know of a submodel. Such an operation works on the entire document, so that
 * hidden elements stay in it; an error must not reveal them.
 */
import { HubError } from '../errors.ts'
import { formatPath, isWithin, parseStoredPath, type Step } from '../model/path.ts'
import type { Submodel } from '../model/types.ts'
import { resolve } from '../model/walk.ts'
import { rightsOf } from '../security/rights.ts'
import type { DocumentView } from '../security/view.ts'
import type { Document } from '../store/store.ts'
import type { ApiRequest } from './api-request.ts'
import type { OperationContext } from './operation-context.ts'

export class KnownElements {
  readonly #submodel: Submodel
  readonly #views: readonly DocumentView[]
  readonly #isUpsert: boolean
  /** Visible elements within containers that may be hidden. */
  readonly #beginnings: readonly string[]

  private constructor(submodel: Submodel, views: readonly DocumentView[], isUpsert: boolean) {
    this.#submodel = submodel
    this.#views = views
    this.#isUpsert = isUpsert
    this.#beginnings = views.flatMap((view) => view.visibleBeginnings(submodel))
  }

  /** @returns undefined if the caller may know everything */
  static async of(
    { subject }: OperationContext,
    { definition }: ApiRequest,
    { id, bytes }: Pick<Document, 'id' | 'bytes'>
  ): Promise<KnownElements | undefined> {
    if (subject === undefined) return undefined
    const { access } = subject
    const viewing = await access.decide('VIEW', 'Submodel', id)
    if (viewing.isAllowed) return undefined
    const rights = rightsOf(definition.right)
    const others = await Promise.all(rights.map((right) => access.view(right, 'Submodel', id)))
    const isUpsert = typeof definition.right === 'object' && 'absent' in definition.right
    // A copy of its own, as operations modify theirs.
    const submodel = JSON.parse(bytes.toString()) as Submodel
    return new KnownElements(submodel, [viewing.view, ...others], isUpsert)
  }

  /** May the caller know of an element? False if there is none. */
  has(path: readonly Step[]): boolean {
    return this.#views.some((view) => view.visibleElement(this.#submodel, path) !== undefined)
  }

  /** The same, or of one below it. */
  leadsTo(text: string): boolean {
    const path = parseStoredPath(text)
    return (path !== undefined && this.has(path)) || this.#beginnings.some((begin) => isWithin(begin, text))
  }

  /**
   * Refuses an operation on a hidden element as if there were none. Where that would create one it is refused, too.
   * @throws HubError `NotFound`, `Forbidden`
   */
  require(path: readonly Step[]): void {
    for (let length = path.length; length > 0; length--) {
      const part = path.slice(0, length)
      if (resolve(this.#submodel, part) === undefined) continue
      if (this.has(part) || (length < path.length && this.#mayBeWritten(path))) return
      const text = formatPath(part)
      if (this.#isUpsert && length === path.length) throw new HubError('Forbidden', [`UPDATE of the element "${text}"`])
      throw new HubError('NotFound', ['SubmodelElement', text])
    }
  }

  /** The error without what it would reveal of hidden elements. */
  conceal(error: unknown): unknown {
    if (!(error instanceof HubError)) return error
    const { name, about, violations } = error
    if (name === 'AlreadyExists' && about[0] === 'SubmodelElement' && !this.#isVisible(String(about[1]))) {
      return new HubError('Forbidden', [`CREATE of the element "${about[1]}"`])
    }
    const shown = violations.filter(({ idShortPath }) => idShortPath === undefined || !this.#isHidden(idShortPath))
    if (shown.length === violations.length) return error
    if (shown.length > 0) return new HubError(name, name === 'Invalid' ? [shown.length] : about, shown)
    return new HubError('Forbidden', [`this change of Submodel "${this.#submodel.id}"`])
  }

  #isHidden(text: string): boolean {
    const path = parseStoredPath(text)
    return path !== undefined && resolve(this.#submodel, path) !== undefined && !this.has(path)
  }

  /** Rather than one that the caller may only write. */
  #isVisible(text: string): boolean {
    const path = parseStoredPath(text)
    return path !== undefined && this.#views[0]?.visibleElement(this.#submodel, path) !== undefined
  }

  #mayBeWritten(path: readonly Step[]): boolean {
    return this.#views.some((view) => view.coversPlace(this.#submodel, path))
  }
}
