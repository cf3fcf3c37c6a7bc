/** The content modifiers and query parameters of Part 2, parsed. */
import type { MetamodelRelease } from '../formats/releases.ts'
import type { Reference, SpecificAssetId } from '../model/types.ts'
import type { ReportLanguage } from './report-language.ts'

/** The content modifiers of Part 2 (`$metadata`, `$value`, …); `normal` is the absence of one. */
export type Content = 'normal' | 'metadata' | 'value' | 'reference' | 'path'

/** Query parameters after parsing; absent where not given. An operation reads those that its definition names. */
export interface RequestQuery {
  /** From 1 to the configured maximum; the transport fills in the default. */
  readonly limit: number
  readonly cursor?: string
  readonly level?: 'deep' | 'core'
  readonly extent?: 'withBlobValue' | 'withoutBlobValue'
  readonly idShort?: string
  readonly semanticId?: Reference
  readonly isCaseOf?: Reference
  readonly dataSpecificationRef?: Reference
  readonly assetIds?: readonly SpecificAssetId[]
  readonly assetKind?: string
  readonly assetType?: string
  readonly aasId?: string
  readonly aasIds?: readonly string[]
  readonly submodelIds?: readonly string[]
  readonly includeConceptDescriptions?: boolean
  /** The release of the metamodel to write. */
  readonly version?: MetamodelRelease
  /** Nanoseconds since 1970. */
  readonly createdFrom?: bigint
  readonly updatedFrom?: bigint
  readonly date?: bigint
  /** What an upload does with documents that are already stored. */
  readonly existing?: 'refuse' | 'replace' | 'keep'
  /** Filters validation results by the outcome of the last check, and by template. */
  readonly result?: 'valid' | 'invalid' | 'noTemplate'
  readonly template?: string
  /** In which findings are explained. */
  readonly language?: ReportLanguage
  /** Which form of a submodel a schema describes. */
  readonly form?: 'normal' | 'value'
}
