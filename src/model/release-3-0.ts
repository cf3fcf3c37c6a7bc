/**
 * Where release 3.0 of the metamodel (IDTA-01001-3-0-1, and its schemas 3.0.9) differs from metamodel.ts, as data. What is
 * not listed is the same. `downgrade.ts` writes documents in their 3.0 form by it.
 */
import type { ClassName } from './fields.ts'

/** The namespace of XML, without which readers of 3.0 refuse a file. */
export const NAMESPACE_3_0 = 'https://admin-shell.io/aas/3/0'

/** Maximal lengths, in characters. */
export const maxLengths: Readonly<Record<string, number>> = { Identifier: 2000, PathType: 2000, ContentType: 100 }

/** [AASd-002] 3.0 has no hyphen, and one letter is enough. */
export const ID_SHORT_3_0 = /^[a-zA-Z][a-zA-Z0-9_]*$/

/** Members that a later release made optional. */
export const required: { readonly [Name in ClassName]?: readonly string[] } = {
  Blob: ['contentType'],
  Entity: ['entityType'],
  File: ['contentType'],
  RelationshipElement: ['first', 'second'],
  ValueReferencePair: ['valueId']
}

/** Values of enumerations: `Role` came with 3.1, `Batch` with 3.2. */
export const values: Readonly<Record<string, readonly string[]>> = { AssetKind: ['Instance', 'NotApplicable', 'Type'] }

/** Members that came with a later release. */
export const laterMembers: { readonly [Name in ClassName]?: readonly string[] } = {
  AdministrativeInformation: ['createdAt', 'updatedAt']
}

/** [AASd-090] The categories of a data element; 3.1 has no such rule. */
export const DATA_ELEMENT_CATEGORIES: readonly string[] = ['CONSTANT', 'PARAMETER', 'VARIABLE']
