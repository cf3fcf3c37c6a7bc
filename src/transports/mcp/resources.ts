/** Resources: documents as they are stored, schemas, templates, and the guidebook of a data set. */

import { encodeId } from '../../model/identifier.ts'
import type { Identifiable } from '../../model/types.ts'
import { type HubRequests, Unanswerable } from './hub/requests.ts'
import { inLanguage, type PageOf } from './hub/selection.ts'

const SCHEME = 'aas-hub://'
const PER_PAGE = 100

/** A resource is put before a model as a whole. */
const MAX_BYTES = 128 * 1024

const JSON_TYPE = 'application/json'

/** What stands between scheme and identifier, and where it is read. */
const places: Readonly<Record<string, (id: string, apiPrefix: string) => string>> = {
  shells: (id, apiPrefix) => `${apiPrefix}/shells/${encodeId(id)}`,
  submodels: (id, apiPrefix) => `${apiPrefix}/submodels/${encodeId(id)}`,
  values: (id, apiPrefix) => `${apiPrefix}/submodels/${encodeId(id)}/$value`,
  concepts: (id, apiPrefix) => `${apiPrefix}/concept-descriptions/${encodeId(id)}`,
  schemas: (id, apiPrefix) => `${apiPrefix}/submodels/${encodeId(id)}/$schema?form=value`,
  templates: (id, apiPrefix) => `${apiPrefix}/template-repository/submodels/${encodeId(id)}`
}

const template = (place: string, name: string, description: string, mimeType = JSON_TYPE) => ({
  ...{ uriTemplate: `${SCHEME}${place}`, name, description, mimeType }
})

export const resourceTemplates = [
  template('shells/{id}', 'shell', 'A shell; identifiers are percent-encoded'),
  template('submodels/{id}', 'submodel', 'A submodel; "describe" is shorter'),
  template('values/{id}', 'values', 'The values of a submodel without its structure'),
  template('concepts/{id}', 'concept', 'A concept description'),
  template('schemas/{id}', 'schema', 'JSON Schema of the values of a submodel'),
  template('templates/{id}', 'template', 'A submodel template that is stored'),
  template(
    'guidebook{?submodel*,path*,semanticId*,from,to,interval,align}',
    'guidebook',
    'Guidebook of a data set, in Korean and English; parameters as those of /dataset',
    'text/markdown'
  )
]

export interface ListedResource {
  readonly uri: string
  readonly name: string
  readonly title?: string
  readonly mimeType: string
  readonly [more: string]: unknown
}

/** Shells, then submodels. @param cursor `shells:…` or `submodels:…` */
export async function listResources(
  hub: HubRequests,
  cursor = 'shells:'
): Promise<{ readonly resources: readonly ListedResource[]; readonly nextCursor?: string }> {
  const [, place = '', at = ''] = /^(shells|submodels):(.{0,200})$/s.exec(cursor) ?? []
  if (place === '') throw new Unanswerable('The cursor is not one of this server: list without it')
  const path = place === 'shells' ? '/shells' : '/submodels/$metadata'
  const page = await hub.apiIfThere<PageOf<Identifiable>>(path, { limit: PER_PAGE, ...(at !== '' && { cursor: at }) })
  const resources = (page?.result ?? []).map((document) => {
    const title = inLanguage('displayName' in document ? document.displayName : undefined)
    return {
      ...{ uri: `${SCHEME}${place}/${encodeURIComponent(document.id)}`, name: document.idShort ?? document.id },
      ...(title !== undefined && { title }),
      mimeType: JSON_TYPE
    }
  })
  const next = page?.paging_metadata?.cursor
  if (next !== undefined) return { resources, nextCursor: `${place}:${next}` }
  return place === 'shells' ? { resources, nextCursor: 'submodels:' } : { resources }
}

/** @throws RefusedByHub, Unanswerable */
export async function readResource(
  hub: HubRequests,
  uri: string
): Promise<{ readonly uri: string; readonly mimeType: string; readonly text: string }> {
  const [, query] = /^aas-hub:\/\/guidebook\?(.{1,8000})$/s.exec(uri) ?? []
  if (query !== undefined) {
    const params = new URLSearchParams(query)
    params.set('content', 'guidebook')
    const text = await hub.text({ method: 'GET', path: `/dataset?${params}` }, MAX_BYTES)
    return { uri, mimeType: 'text/markdown', text }
  }
  const [, place = '', id = ''] = /^aas-hub:\/\/(\w+)\/([^/?#]{1,6200})$/.exec(uri) ?? []
  const pathTo = Object.hasOwn(places, place) ? places[place] : undefined
  const decoded = percentDecoded(id)
  if (pathTo === undefined || decoded === undefined) {
    throw new Unanswerable(`"${uri.slice(0, 200)}" is no resource here: list them, or see the templates`)
  }
  const text = await hub.text({ method: 'GET', path: pathTo(decoded, hub.port.apiPrefix) }, MAX_BYTES)
  return { uri, mimeType: JSON_TYPE, text }
}

function percentDecoded(id: string): string | undefined {
  try {
    return decodeURIComponent(id)
  } catch {
    return undefined
  }
}
