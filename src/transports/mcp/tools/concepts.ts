/** What elements mean: names and units of their concept descriptions. */
import { encodeId } from '../../../model/identifier.ts'
import type { ConceptDescription } from '../../../model/types.ts'
import { type HubRequests, inParallel } from '../hub/requests.ts'
import { inLanguage } from '../hub/selection.ts'

export interface Concept {
  readonly name: string | undefined
  readonly unit: string | undefined
}

/** Concepts that are looked up for one answer. */
const MAX_CONCEPTS = 150

export function conceptContent({ embeddedDataSpecifications }: ConceptDescription) {
  return embeddedDataSpecifications?.[0]?.dataSpecificationContent
}

/** By identifier; those that are not stored, or that the caller may not read, are left out. */
export async function conceptsOf(
  hub: HubRequests,
  ids: Iterable<string>,
  language: string | undefined
): Promise<ReadonlyMap<string, Concept>> {
  const wanted = [...new Set(ids)].slice(0, MAX_CONCEPTS)
  const found = await inParallel(wanted, (id) =>
    hub.apiIfThere<ConceptDescription>(`/concept-descriptions/${encodeId(id)}`)
  )
  return new Map(
    found.flatMap((concept): [string, Concept][] => {
      if (concept === undefined) return []
      const content = conceptContent(concept)
      const name = inLanguage(content?.preferredName ?? concept.displayName, language)
      return [[concept.id, { name, unit: content?.unit }]]
    })
  )
}
