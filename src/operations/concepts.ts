/** Concept descriptions. */
import { matchKey } from '../model/reference.ts'
import type { Facet } from '../store/store.ts'
import type { ApiRequest } from './call.ts'
import { create, get, list, put as putDocument, remove } from './documents.ts'
import type { Handler } from './hub.ts'

const KIND = 'ConceptDescription'

/** GET /concept-descriptions. */
export const getAll: Handler = async (hub, call) => {
  const { idShort, isCaseOf, dataSpecificationRef } = call.query
  const facets: Facet[] = []
  if (idShort !== undefined) facets.push(['idShort', idShort])
  if (isCaseOf !== undefined) facets.push(['isCaseOf', matchKey(isCaseOf)])
  if (dataSpecificationRef !== undefined) facets.push(['dataSpecification', matchKey(dataSpecificationRef)])
  return list(hub, KIND, facets, call, (document) => [document.bytes])
}

/** POST /concept-descriptions. */
export const post: Handler = async (hub, call) => create(hub, KIND, call.body, call)

/** GET of one. */
export const getById: Handler = async (hub, call) => {
  const { bytes, revision } = await get(hub, KIND, conceptOf(call))
  return { status: 200, bytes, revision }
}

/** PUT of one. */
export const put: Handler = async (hub, call) => putDocument(hub, KIND, conceptOf(call), call)

/** DELETE of one. */
export const remove_: Handler = async (hub, call) => remove(hub, KIND, conceptOf(call), call)

function conceptOf(call: ApiRequest): string {
  return call.cdIdentifier ?? ''
}
