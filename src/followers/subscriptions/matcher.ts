/** A selection, compiled once: is a change meant? */

import { compilePath, type PathPattern } from '../../model/path-pattern.ts'
import type { DocumentKind, LoggedChange, Store } from '../../store/store.ts'
import { type Facts, semanticIdsAt } from './facts.ts'
import type { Shells } from './shells.ts'
import { type ChangeKind, changeKinds, type Selection } from './subscription.ts'

export type DocumentChange = Extract<LoggedChange, { kind: DocumentKind }>

/** What a matcher looks things up in. */
export interface Knowledge {
  readonly store: Store
  readonly facts: Facts
  readonly shells: Shells
}

/** What counts as registry; validations are a kind of their own. */
const REGISTRY: ReadonlySet<DocumentKind> = new Set([
  'AssetAdministrationShellDescriptor',
  'SubmodelDescriptor',
  'AssetLinks'
])

export function kindOf({ change, kind }: DocumentChange): Exclude<ChangeKind, 'value'> {
  if (kind === 'Validation') return 'validation'
  if (REGISTRY.has(kind)) return 'registry'
  return change === 'updated' ? 'structure' : change
}

export class Matcher {
  readonly kinds: ReadonlySet<ChangeKind>
  readonly shells: readonly string[] | undefined
  readonly submodels: ReadonlySet<string> | undefined
  readonly #patterns: readonly PathPattern[] | undefined
  readonly #semanticIds: ReadonlySet<string> | undefined
  readonly #knowledge: Knowledge

  /** @throws HubError `BadRequest` where a path is no pattern */
  constructor({ kinds = changeKinds, shells, submodels, paths, semanticIds }: Selection, knowledge: Knowledge) {
    this.kinds = new Set(kinds)
    this.shells = shells
    this.submodels = submodels && new Set(submodels)
    this.#patterns = paths?.map(compilePath)
    this.#semanticIds = semanticIds && new Set(semanticIds)
    this.#knowledge = knowledge
  }

  /**
   * Is a value of this element meant? A promise only where something has to be looked up.
   * @param past whether the change may lie back so far that what it belonged to is gone
   */
  value(submodel: string, path: string, past: boolean): boolean | Promise<boolean> {
    if (!this.kinds.has('value')) return false
    if (this.submodels !== undefined && !this.submodels.has(submodel)) return false
    if (!this.path(path)) return false
    const isOfShell = this.#isOfShell(submodel)
    if (!isOfShell && !past) return false
    if (!isOfShell) return this.#valueOfThePast(submodel, path)
    if (this.#semanticIds === undefined) return true
    const facts = this.#knowledge.facts.known(submodel, path)
    return facts === undefined ? this.#hasSemanticId(submodel, path) : this.#fits(facts?.semanticIds)
  }

  /** Is a change of this document meant? */
  async document(change: DocumentChange, past: boolean): Promise<boolean> {
    const { kind, id, became } = change
    const isWanted = this.kinds.has(kindOf(change)) || (became !== undefined && this.kinds.has(became))
    if (!isWanted) return false
    switch (kind) {
      case 'Submodel':
      case 'SubmodelDescriptor':
      case 'Validation':
        if (this.submodels !== undefined && !this.submodels.has(id)) return false
        if (!this.#isOfShell(id) && !(past && (await this.#isGone(id)))) return false
        return kind === 'Submodel' ? this.#fitsWithin(change) : this.#fitsWhole(id)
      case 'AssetAdministrationShell':
      case 'AssetAdministrationShellDescriptor':
      case 'AssetLinks':
        if (this.submodels ?? this.#patterns ?? this.#semanticIds) return false
        return this.shells === undefined || this.shells.includes(id)
      case 'ConceptDescription':
        // The id of a concept description is what a semanticId names.
        if (this.shells ?? this.submodels ?? this.#patterns) return false
        return this.#semanticIds === undefined || this.#semanticIds.has(id)
      case 'Package':
        return (this.shells ?? this.submodels ?? this.#patterns ?? this.#semanticIds) === undefined
      case 'Job':
        // The hub's own affair.
        return false
    }
  }

  /** Is anything of a submodel meant, now that it is there? */
  submodel(id: string): boolean {
    return this.submodels?.has(id) !== false && this.#isOfShell(id)
  }

  /** Is an element meant, its submodel aside? */
  element(path: string, semanticIds: ReadonlySet<string>): boolean {
    return this.path(path) && this.#fits(semanticIds)
  }

  /** Are only some paths meant? */
  get hasPaths(): boolean {
    return this.#patterns !== undefined
  }

  /** Is it one of the paths that are meant? */
  path(path: string): boolean {
    return this.#patterns === undefined || this.#patterns.some((pattern) => pattern.matches(path))
  }

  #isOfShell(submodel: string): boolean {
    return this.shells === undefined || this.shells.some((shell) => this.#knowledge.shells.has(shell, submodel))
  }

  async #isGone(submodel: string): Promise<boolean> {
    return (await this.#knowledge.store.document('Submodel', submodel)) === undefined
  }

  async #valueOfThePast(submodel: string, path: string): Promise<boolean> {
    return (await this.#isGone(submodel)) && this.#hasSemanticId(submodel, path)
  }

  async #hasSemanticId(submodel: string, path: string): Promise<boolean> {
    if (this.#semanticIds === undefined) return true
    return this.#fits((await this.#knowledge.facts.element(submodel, path))?.semanticIds)
  }

  /** Of what is gone nobody knows, so it fits. */
  #fits(semanticIds: ReadonlySet<string> | undefined): boolean {
    if (this.#semanticIds === undefined || semanticIds === undefined) return true
    return !this.#semanticIds.isDisjointFrom(semanticIds)
  }

  /** What is about a submodel as a whole, and not about any element of it. */
  async #fitsWhole(submodel: string): Promise<boolean> {
    if (this.#patterns !== undefined) return false
    if (this.#semanticIds === undefined) return true
    const facts = await this.#knowledge.facts.submodel(submodel)
    return facts === undefined || (facts.own !== undefined && this.#semanticIds.has(facts.own))
  }

  /** Does a change of structure concern what is meant? */
  async #fitsWithin({ id, touched }: DocumentChange): Promise<boolean> {
    if (touched?.length === 0) return this.#fitsWhole(id)
    const roots = this.#patterns === undefined ? touched : touched?.filter((root) => this.#touches(root))
    if (roots?.length === 0) return false
    if (this.#semanticIds === undefined) return true
    const facts = await this.#knowledge.facts.submodel(id)
    if (facts === undefined) return true
    for (const root of roots ?? [undefined]) {
      for (const semanticId of semanticIdsAt(facts, root)) if (this.#semanticIds.has(semanticId)) return true
    }
    // What was taken out of a submodel has left no semanticId behind.
    for (const root of roots ?? []) {
      if ((await this.#knowledge.facts.element(id, root)) === null) return true
    }
    return false
  }

  #touches(root: string): boolean {
    return this.#patterns?.some((pattern) => pattern.touches(root)) !== false
  }
}
