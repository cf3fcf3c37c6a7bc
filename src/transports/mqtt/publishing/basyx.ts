/**
 * The topics of Eclipse BaSyx (its repositories' feature "MQTT eventing"): documents and elements that were created,
 * updated or deleted, and new values, each with the JSON of the document or element.
 */
import type { LocatedChange } from '../../../consumers/subscriptions/log-position.ts'
import { encodeId } from '../../../model/identifier.ts'
import { parseStoredPath } from '../../../model/path.ts'
import type { DocumentKind } from '../../../store/store.ts'
import type { PublishedState } from './published-state.ts'
import type { Publication, PublicationForm } from './publisher.ts'

/** Names in the topics, by kind of document. */
const REPOSITORIES: Partial<Record<DocumentKind, readonly [repository: string, documents: string]>> = {
  AssetAdministrationShell: ['aas-repository', 'shells'],
  Submodel: ['sm-repository', 'submodels'],
  ConceptDescription: ['cd-repository', 'concept-descriptions']
}

export function basyxConsumer(repository: string): string {
  return `mqtt ${repository}`
}

/** @param repository `$repoId` of the topics */
export function basyxForm(repository: string): PublicationForm {
  return { consumer: basyxConsumer(repository), publicationsOf }

  async function publicationsOf({ change, entry }: LocatedChange, state: PublishedState): Promise<Publication[]> {
    if (!('kind' in change)) {
      const value = await state.value(change, entry.seq)
      if (value === undefined) return []
      const topic = `${elementTopic(change.submodel, change.path)}/value/updated`
      return [{ topic, payload: JSON.stringify(value.element) }]
    }
    const { kind, id, touched = [] } = change
    const [place, documents] = REPOSITORIES[kind] ?? []
    if (place === undefined) return []
    const topic = `${place}/${repository}/${documents}/${change.change}`
    if (change.change === 'deleted') {
      return (await state.showsDeleted(kind)) ? [{ topic, payload: JSON.stringify({ modelType: kind, id }) }] : []
    }
    if (touched.length > 0 && kind === 'Submodel') {
      return (await state.elements(change)).map(({ path, action, element }) => ({
        topic: `${elementTopic(id, path)}/${action}`,
        payload: JSON.stringify(element ?? { idShort: idShortIn(path) })
      }))
    }
    const payload = await state.text(kind, id)
    return payload === undefined ? [] : [{ topic, payload }]
  }

  function elementTopic(id: string, path: string): string {
    return `sm-repository/${repository}/submodels/${encodeId(id)}/submodelElements/${path}`
  }
}

function idShortIn(path: string): string | undefined {
  return parseStoredPath(path)?.findLast((step) => typeof step === 'string')
}
