/** What is known of the visibility of values and documents to one subject. */
import type { DocumentKind } from '../../security/rule.ts'
import type { DocumentView } from '../../security/view.ts'
import type { VisiblePackages } from '../../security/visible-packages.ts'
import type { VisibleReferences } from '../../security/visible-references.ts'
import type { CurrentState } from './current-state.ts'

/** What the caller may see of one document, for every content of it. */
export interface DocumentVerdict {
  /** All of it, nothing of it; undefined: its content decides. */
  readonly constant: boolean | undefined
  readonly view: DocumentView
}

/** Where verdicts come from. */
export interface VerdictSource {
  readonly packages: Pick<VisiblePackages, 'description'>
  readonly references: Pick<VisibleReferences, 'shell'>
  verdict(kind: DocumentKind, id: string, state: CurrentState): Promise<DocumentVerdict>
  /** Is all of a document visible? Of one that does not exist only where its content does not decide. */
  showsWhole(kind: DocumentKind, id: string, state: CurrentState): Promise<boolean>
}

/** The document, or the paths of its elements without it. */
export type LastSeen = 'document' | readonly string[]

/** Values for which a verdict is kept, of all subjects together; beyond it they are judged again. */
const MAX_VALUES = 300_000

/** Documents of each subject. */
const MAX_DOCUMENTS = 1000

let valueCount = 0

export class VerdictCache {
  /** Counts invalidations: what was judged before one is not kept after it. */
  generation = 0
  readonly #values = new Map<string, Map<string, boolean>>()
  readonly #documents = new Map<string, Promise<DocumentVerdict>>()
  #count = 0

  value(submodel: string, path: string): boolean | undefined {
    return this.#values.get(submodel)?.get(path)
  }

  /** @param generation at which it was judged */
  keepValue(submodel: string, path: string, isVisible: boolean, generation: number): void {
    if (generation !== this.generation) return
    if (valueCount >= MAX_VALUES) this.forgetValues()
    let paths = this.#values.get(submodel)
    if (paths === undefined) {
      paths = new Map()
      this.#values.set(submodel, paths)
    }
    if (!paths.has(path)) {
      this.#count++
      valueCount++
    }
    paths.set(path, isVisible)
  }

  /** Decides where it is not known. */
  document(key: string, decide: () => Promise<DocumentVerdict>): Promise<DocumentVerdict> {
    const known = this.#documents.get(key)
    if (known !== undefined) return known
    if (this.#documents.size >= MAX_DOCUMENTS) this.#documents.clear()
    const decided = decide()
    this.#documents.set(key, decided)
    decided.catch(() => this.#documents.delete(key))
    return decided
  }

  /** The structure of a submodel has changed. */
  forgetSubmodel(id: string): void {
    this.generation++
    this.#forget(this.#values.get(id)?.size ?? 0)
    this.#values.delete(id)
  }

  forgetValues(): void {
    this.generation++
    this.#forget(this.#count)
    this.#values.clear()
  }

  #forget(count: number): void {
    this.#count -= count
    valueCount -= count
  }
}
