/** Matches changes against a selection, which is compiled once. */
import { compilePath, type PathPattern } from '../../model/path-pattern.ts'
import type { DocumentKind, LoggedChange, Store } from '../../store/store.ts'
import { type ElementMetadataCache, semanticIdsAt } from './element-metadata-cache.ts'
import type { ShellSubmodels } from './shell-submodels.ts'
import { type ChangeKind, changeKinds, type Selection } from './subscription.ts'

export type DocumentChange = Extract<LoggedChange, { kind: DocumentKind }>

/** What matching needs beside the change. */
export interface Lookups {
  readonly store: Pick<Store, 'head'>
  readonly metadata: ElementMetadataCache
  readonly shells: ShellSubmodels
}

/** Kinds of documents whose changes are of kind `registry`. */
const REGISTRY: ReadonlySet<DocumentKind> = new Set([
  'AssetAdministrationShellDescriptor',
  'SubmodelDescriptor',
  'AssetLinks'
])

export function kindOf({ change, kind }: DocumentChange): Exclude<ChangeKind, 'value'> {
  if (kind === 'Validation') return 'validation'
  if (kind === 'ComplianceDrop') return 'compliance'
  if (REGISTRY.has(kind)) return 'registry'
  return change === 'updated' ? 'structure' : change
}

export class Matcher {
  readonly kinds: ReadonlySet<ChangeKind>
  readonly shells: readonly string[] | undefined
  readonly submodels: ReadonlySet<string> | undefined
  readonly #patterns: readonly PathPattern[] | undefined
  readonly #semanticIds: ReadonlySet<string> | undefined
  readonly #lookups: Lookups

  /** @throws HubError `BadRequest` where a path is no valid pattern */
  constructor({ kinds = changeKinds, shells, submodels, paths, semanticIds }: Selection, lookups: Lookups) {
    this.kinds = new Set(kinds)
    this.shells = shells
    this.submodels = submodels && new Set(submodels)
    this.#patterns = paths?.map(compilePath)
    this.#semanticIds = semanticIds && new Set(semanticIds)
    this.#lookups = lookups
  }

  /**
   * Is a value of this element selected? Synchronous where nothing has to be looked up.
   * @param isPast whether the change may be old, and its submodel deleted since
   */
  value(submodel: string, path: string, isPast: boolean): boolean | Promise<boolean> {
    if (!this.kinds.has('value')) return false
    if (this.submodels !== undefined && !this.submodels.has(submodel)) return false
    if (!this.path(path)) return false
    const isOfShell = this.#isOfShell(submodel)
    if (!isOfShell && !isPast) return false
    if (!isOfShell) return this.#pastValue(submodel, path)
    if (this.#semanticIds === undefined) return true
    const metadata = this.#lookups.metadata.known(submodel, path)
    return metadata === undefined ? this.#hasSemanticId(submodel, path) : this.#matchesSemanticId(metadata?.semanticIds)
  }

  /** Is a change of this document selected? */
  async document(change: DocumentChange, isPast: boolean): Promise<boolean> {
    const { kind, id, subtreeAction } = change
    const isOfKind = this.kinds.has(kindOf(change)) || (subtreeAction !== undefined && this.kinds.has(subtreeAction))
    if (!isOfKind) return false
    switch (kind) {
      case 'Submodel':
      case 'SubmodelDescriptor':
      case 'Validation':
        if (this.submodels !== undefined && !this.submodels.has(id)) return false
        if (!this.#isOfShell(id) && !(isPast && (await this.#isGone(id)))) return false
        return kind === 'Submodel' ? this.#matchesTouched(change) : this.#matchesSubmodel(id)
      case 'AssetAdministrationShell':
      case 'AssetAdministrationShellDescriptor':
      case 'AssetLinks':
        if (this.submodels ?? this.#patterns ?? this.#semanticIds) return false
        return this.shells === undefined || this.shells.includes(id)
      case 'ConceptDescription':
        // A semanticId names a concept description by its id.
        if (this.shells ?? this.submodels ?? this.#patterns) return false
        return this.#semanticIds === undefined || this.#semanticIds.has(id)
      case 'ComplianceDrop':
        // That its report was deleted makes nothing worse.
        if (change.change !== 'created') return false
        return (this.shells ?? this.submodels ?? this.#patterns ?? this.#semanticIds) === undefined
      case 'Package':
        return (this.shells ?? this.submodels ?? this.#patterns ?? this.#semanticIds) === undefined
      case 'Job':
      case 'SparkplugBirth':
      case 'Credential':
      case 'AccessRules':
      case 'CollectionFigures':
      case 'ComplianceReport':
      case 'ComplianceRun':
      case 'SigningKey':
      case 'Usage':
      case 'Revision':
        // Internal to the hub.
        return false
    }
  }

  /** May elements of this submodel be selected, which exists now? */
  submodel(id: string): boolean {
    return this.submodels?.has(id) !== false && this.#isOfShell(id)
  }

  /** Is an element selected, given that its submodel is? */
  element(path: string, semanticIds: ReadonlySet<string>): boolean {
    return this.path(path) && this.#matchesSemanticId(semanticIds)
  }

  /** Does it select by path? */
  get hasPaths(): boolean {
    return this.#patterns !== undefined
  }

  /** Is the path selected? */
  path(path: string): boolean {
    return this.#patterns === undefined || this.#patterns.some((pattern) => pattern.matches(path))
  }

  #isOfShell(submodel: string): boolean {
    return this.shells === undefined || this.shells.some((shell) => this.#lookups.shells.has(shell, submodel))
  }

  async #isGone(submodel: string): Promise<boolean> {
    return (await this.#lookups.store.head('Submodel', submodel)) === undefined
  }

  async #pastValue(submodel: string, path: string): Promise<boolean> {
    return (await this.#isGone(submodel)) && this.#hasSemanticId(submodel, path)
  }

  async #hasSemanticId(submodel: string, path: string): Promise<boolean> {
    if (this.#semanticIds === undefined) return true
    return this.#matchesSemanticId((await this.#lookups.metadata.element(submodel, path))?.semanticIds)
  }

  /** A deleted element has no semanticIds; it matches, rather than being missed. */
  #matchesSemanticId(semanticIds: ReadonlySet<string> | undefined): boolean {
    if (this.#semanticIds === undefined || semanticIds === undefined) return true
    return !this.#semanticIds.isDisjointFrom(semanticIds)
  }

  /** For a change of a submodel outside its elements. */
  async #matchesSubmodel(submodel: string): Promise<boolean> {
    if (this.#patterns !== undefined) return false
    if (this.#semanticIds === undefined) return true
    const metadata = await this.#lookups.metadata.submodel(submodel)
    return metadata === undefined || (metadata.own !== undefined && this.#semanticIds.has(metadata.own))
  }

  /** For a change of structure: does it touch a selected element? */
  async #matchesTouched({ id, touched }: DocumentChange): Promise<boolean> {
    if (touched?.length === 0) return this.#matchesSubmodel(id)
    const roots = this.#patterns === undefined ? touched : touched?.filter((root) => this.#touches(root))
    if (roots?.length === 0) return false
    if (this.#semanticIds === undefined) return true
    const metadata = await this.#lookups.metadata.submodel(id)
    if (metadata === undefined) return true
    for (const root of roots ?? [undefined]) {
      for (const semanticId of semanticIdsAt(metadata, root)) if (this.#semanticIds.has(semanticId)) return true
    }
    // Removed elements match, as their semanticIds are unknown.
    for (const root of roots ?? []) {
      if ((await this.#lookups.metadata.element(id, root)) === null) return true
    }
    return false
  }

  #touches(root: string): boolean {
    return this.#patterns?.some((pattern) => pattern.touches(root)) !== false
  }
}
