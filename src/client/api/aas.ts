/** Documents of the metamodel (Part 1) in JSON, as far as readers look at them. Unknown members stay where they are. */

export interface LangString {
  readonly language: string
  readonly text: string
}

export interface Key {
  readonly type: string
  readonly value: string
}

export interface Reference {
  readonly type: 'ExternalReference' | 'ModelReference'
  readonly keys: readonly Key[]
  readonly referredSemanticId?: Reference
}

export interface Qualifier {
  readonly type: string
  readonly valueType: string
  readonly value?: string
  readonly semanticId?: Reference
}

/** Of every document and element that people read. */
export interface Referable {
  readonly modelType: string
  readonly idShort?: string
  readonly displayName?: readonly LangString[]
  readonly description?: readonly LangString[]
  readonly category?: string
}

export interface Identifiable extends Referable {
  readonly id: string
  readonly administration?: { readonly version?: string; readonly revision?: string; readonly templateId?: string }
}

export interface SpecificAssetId {
  readonly name: string
  readonly value: string
  readonly semanticId?: Reference
}

export interface Shell extends Identifiable {
  readonly modelType: 'AssetAdministrationShell'
  readonly assetInformation: {
    readonly assetKind: string
    readonly globalAssetId?: string
    readonly assetType?: string
    readonly specificAssetIds?: readonly SpecificAssetId[]
    readonly defaultThumbnail?: { readonly path: string; readonly contentType?: string }
  }
  readonly submodels?: readonly Reference[]
  readonly derivedFrom?: Reference
}

export interface SubmodelDocument extends Identifiable {
  readonly modelType: 'Submodel'
  readonly kind?: 'Instance' | 'Template'
  readonly semanticId?: Reference
  readonly qualifiers?: readonly Qualifier[]
  readonly submodelElements?: readonly Element[]
}

/** What the descriptor of a submodel says of it. */
export type SubmodelSummary = Pick<SubmodelDocument, 'id' | 'idShort' | 'displayName' | 'description' | 'semanticId'>

/** A submodel element of any kind: which members it has is said by its `modelType`. */
export interface Element extends Referable {
  readonly semanticId?: Reference
  readonly supplementalSemanticIds?: readonly Reference[]
  readonly qualifiers?: readonly Qualifier[]
  readonly value?: unknown
  readonly valueType?: string
  readonly valueId?: Reference
  readonly contentType?: string
  readonly min?: string
  readonly max?: string
  readonly first?: Reference
  readonly second?: Reference
  readonly annotations?: readonly Element[]
  readonly statements?: readonly Element[]
  readonly entityType?: string
  readonly globalAssetId?: string
  readonly specificAssetIds?: readonly SpecificAssetId[]
  readonly inputVariables?: readonly OperationVariable[]
  readonly outputVariables?: readonly OperationVariable[]
  readonly inoutputVariables?: readonly OperationVariable[]
  readonly observed?: Reference
  readonly direction?: string
  readonly state?: string
  readonly typeValueListElement?: string
  readonly orderRelevant?: boolean
}

export interface OperationVariable {
  readonly value: Element
}

export interface ConceptDescriptionDocument extends Identifiable {
  readonly modelType: 'ConceptDescription'
  readonly isCaseOf?: readonly Reference[]
  readonly embeddedDataSpecifications?: readonly { readonly dataSpecificationContent: Iec61360Content }[]
}

/** DataSpecificationIec61360 (Part 3a). */
export interface Iec61360Content {
  readonly modelType: string
  readonly preferredName?: readonly LangString[]
  readonly shortName?: readonly LangString[]
  readonly definition?: readonly LangString[]
  readonly unit?: string
  readonly symbol?: string
  readonly dataType?: string
  readonly valueFormat?: string
}

/** A page of a list. */
export interface ListPage<Entry> {
  readonly result: readonly Entry[]
  readonly paging_metadata: { readonly cursor?: string }
}
