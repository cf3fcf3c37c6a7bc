/** Reads the values that access rules refer to, e.g. `$sme("urn:op").state#value`, with the rights of the hub. */
import type { ValueReference } from '../model/condition/condition.ts'
import { fieldReader, type ItemLoop, textsOfValue } from '../model/condition/field-reader.ts'
import { formatPath } from '../model/path.ts'
import type { Submodel, SubmodelElement } from '../model/types.ts'
import { resolve } from '../model/walk.ts'
import { unlessDamaged } from '../store/damage.ts'
import type { DocumentStore } from '../store/document-store.ts'
import type { DocumentKind } from './rule.ts'

/** The texts of each reference, by its text; of one that leads nowhere none. Reads what is committed at this moment. */
export async function readReferences(
  store: DocumentStore,
  references: readonly ValueReference[]
): Promise<ReadonlyMap<string, readonly string[]>> {
  const entries = references.map(async (reference) => [reference.text, await textsOf(store, reference)] as const)
  return new Map(await Promise.all(entries))
}

/** Of the document that a reference names. */
export function kindOfReference({ field }: ValueReference): DocumentKind {
  return kindByRoot[field.root]
}

const kindByRoot: Readonly<Record<ValueReference['field']['root'], DocumentKind>> = {
  $aas: 'AssetAdministrationShell',
  $sm: 'Submodel',
  $sme: 'Submodel',
  $cd: 'ConceptDescription',
  $aasdesc: 'AssetAdministrationShellDescriptor',
  $smdesc: 'SubmodelDescriptor'
}

async function textsOf(store: DocumentStore, { id, field, elementPath }: ValueReference): Promise<readonly string[]> {
  if (field.root === '$sme' && field.attribute === 'value') {
    // The row of the element alone, as its submodel may be large.
    const row = await unlessDamaged(store.element(id, formatPath(elementPath)))
    if (row === undefined) return []
    return textsOfValue({ ...(JSON.parse(row.value) as object), modelType: row.modelType } as SubmodelElement)
  }
  const stored = await unlessDamaged(store.document(kindByRoot[field.root], id))
  if (stored === undefined) return []
  const document = JSON.parse(stored.bytes.toString()) as object
  if (field.root !== '$sme') return textsBelow(document, fieldReader(field))
  const element = resolve(document as Submodel, elementPath)
  if (element === undefined) return []
  // Elements have the attributes of their submodel.
  return textsBelow(element, fieldReader({ ...field, root: '$sm' }))
}

function textsBelow(
  object: object,
  { loops, text }: { readonly loops: readonly ItemLoop[]; text(of: object): string | undefined }
): readonly string[] {
  const items = loops.reduce<readonly object[]>((above, loop) => above.flatMap((item) => loop.items(item)), [object])
  return items.flatMap((item) => text(item) ?? [])
}
