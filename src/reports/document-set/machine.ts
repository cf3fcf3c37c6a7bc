/** What the documents of one machine are made from: its shell, its submodels, and what their elements mean. */
import { HubError } from '../../errors.ts'
import { targetIdOf } from '../../model/facets.ts'
import type { AssetAdministrationShell, ConceptDescription, Submodel, SubmodelElement } from '../../model/types.ts'
import { walk } from '../../model/walk.ts'
import type { InspectedFile } from '../../operations/conformance/checks/inspected-file.ts'
import { unlessDamaged } from '../../store/damage.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import { parseDocument } from '../../store/parse-document.ts'
import type { TimeSlice } from '../../time-slice.ts'

export interface Machine {
  readonly shell: AssetAdministrationShell
  readonly submodels: readonly Submodel[]
  /** Ids of submodels that the shell refers to and that are not there, or not for this caller. */
  readonly missing: readonly string[]
  /** By id; those that elements refer to. */
  readonly concepts: ReadonlyMap<string, ConceptDescription>
}

/** Elements in the documents of one machine. */
const MAX_ELEMENTS = 50_000

/**
 * @param store as the caller may read it
 * @throws HubError `NotFound` for the shell; `TooLarge` if it has more elements than documents are made of
 */
export async function loadMachine(store: DocumentStore, id: string, slice: TimeSlice): Promise<Machine> {
  const document = await store.document('AssetAdministrationShell', id)
  if (document === undefined) throw new HubError('NotFound', ['AssetAdministrationShell', id])
  const shell = parseDocument(document) as AssetAdministrationShell
  const submodels: Submodel[] = []
  const missing: string[] = []
  const concepts = new Map<string, ConceptDescription>()
  let elements = 0
  for (const submodelId of new Set((shell.submodels ?? []).map(targetIdOf))) {
    const found = await unlessDamaged(store.document('Submodel', submodelId))
    if (found === undefined) missing.push(submodelId)
    else submodels.push(parseDocument(found) as Submodel)
  }
  for (const submodel of submodels) {
    for (const { element } of walk(submodel)) {
      if (++elements > MAX_ELEMENTS)
        throw new HubError('TooLarge', [`The shell "${id}" has more than ${MAX_ELEMENTS} elements`])
      for (const concept of conceptIdsOf(element)) {
        if (concepts.has(concept)) continue
        const stored = await unlessDamaged(store.document('ConceptDescription', concept))
        if (stored !== undefined) concepts.set(concept, parseDocument(stored) as ConceptDescription)
      }
      await slice.check()
    }
  }
  return { shell, submodels, missing, concepts }
}

/** The machines of a file. @throws HubError `BadRequest` if it has no shell */
export function machinesIn({ name, shells, submodels, conceptOf }: InspectedFile): Machine[] {
  if (shells.length === 0) throw new HubError('BadRequest', [`${name} has no Asset Administration Shell`])
  const byId = new Map(submodels.map(({ document }) => [document.id, document]))
  return shells.map(({ document: shell }) => {
    const ids = [...new Set((shell.submodels ?? []).map(targetIdOf))]
    return {
      shell,
      submodels: ids.flatMap((id) => byId.get(id) ?? []),
      missing: ids.filter((id) => !byId.has(id)),
      concepts: conceptOf
    }
  })
}

/** How a machine is called in names of files and titles. */
export function machineName({ shell }: Machine): string {
  return shell.idShort ?? shell.id
}

/** Of the semanticId and the supplemental ones, those that may be a ConceptDescription. */
export function conceptIdsOf({ semanticId, supplementalSemanticIds = [] }: SubmodelElement | Submodel): string[] {
  return [semanticId, ...supplementalSemanticIds].flatMap((reference) => {
    const id = reference?.keys?.[0]?.value
    return id === undefined ? [] : [id]
  })
}
