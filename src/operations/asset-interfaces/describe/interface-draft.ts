/** An interface as it was found at a machine or in its manual, before it is written as submodels. */
import type { DataTypeDefXsd, SubmodelElement } from '../../../model/types.ts'

export interface InterfaceDraft {
  /** Prefix of all ids, e.g. `urn:example:press-4`. */
  readonly ids: string
  /** Of the asset, e.g. its serial number. */
  readonly assetId: string
  /** idShort of the interface, e.g. `InterfaceOPCUA`. */
  readonly idShort: string
  readonly title: string
  /** Semantic id of the protocol's vocabulary. */
  readonly vocabulary: string
  readonly base: string
  readonly contentType: string
  /** Further members of `EndpointMetadata`, by idShort, with their semantic ids. */
  readonly endpoint?: readonly SubmodelElement[]
  /** The schemes of `securityDefinitions`; all of them apply. */
  readonly security: readonly SubmodelElement[]
  readonly points: readonly PointDraft[]
  readonly actions?: readonly ActionDraft[]
}

interface AffordanceDraft {
  /** Where its element is in the operational data: names of collections, and its own; each an idShort. */
  readonly path: readonly string[]
  readonly title: string
  readonly description?: string
  readonly href: string
  /** Further members of the form, by idShort. */
  readonly form?: Readonly<Record<string, string>>
}

export interface PointDraft extends AffordanceDraft {
  readonly value: ValueDraft
  readonly isWritable: boolean
  /** In seconds. */
  readonly pollingS?: number
}

/** A value of the operational data: a leaf, a list of leaves, or members, by their names in the message. */
export type ValueDraft =
  | { readonly kind: 'leaf'; readonly type: DataTypeDefXsd; readonly unit?: string; readonly range?: NumberRange }
  | { readonly kind: 'list'; readonly type: DataTypeDefXsd; readonly count: number }
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, ValueDraft> }

export interface NumberRange {
  readonly low: number
  readonly high: number
}

export interface ActionDraft extends AffordanceDraft {
  readonly inputs: readonly ArgumentDraft[]
  readonly outputs: readonly ArgumentDraft[]
}

export interface ArgumentDraft {
  readonly idShort: string
  readonly type: DataTypeDefXsd
}

/** A text as an idShort [AASd-002]. */
export function toIdShort(text: string): string {
  const plain = text
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9_]+/g, '_')
    .replaceAll(/^_+|_+$/g, '')
  return /^[A-Za-z]/.test(plain) ? plain.slice(0, 128) : `N_${plain}`.slice(0, 128).replace(/_$/, '')
}
