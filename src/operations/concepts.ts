/** Concept descriptions. */
import { matchKey } from '../model/reference.ts'
import type { Facet } from '../store/store.ts'
import type { ApiRequest } from './api-request.ts'
import { create, get, list, put as putDocument, remove } from './documents.ts'
import type { OperationHandler } from './operation-context.ts'

const KIND = 'ConceptDescription'

/** GET /concept-descriptions. */
export const getAll: OperationHandler = async (context, request) => {
  const { idShort, isCaseOf, dataSpecificationRef } = request.query
  const facets: Facet[] = []
  if (idShort !== undefined) facets.push(['idShort', idShort])
  if (isCaseOf !== undefined) facets.push(['isCaseOf', matchKey(isCaseOf)])
  if (dataSpecificationRef !== undefined) facets.push(['dataSpecification', matchKey(dataSpecificationRef)])
  return list(context, KIND, facets, request, (document) => [document.bytes])
}

/** POST /concept-descriptions. */
export const post: OperationHandler = async (context, request) => create(context, KIND, request.body, request)

/** GET of one. */
export const getById: OperationHandler = async (context, request) => {
  const { bytes, revision } = await get(context, KIND, conceptOf(request))
  return { status: 200, bytes, revision }
}

/** PUT of one. */
export const put: OperationHandler = async (context, request) => putDocument(context, KIND, conceptOf(request), request)

/** DELETE of one. */
export const deleteById: OperationHandler = async (context, request) =>
  remove(context, KIND, conceptOf(request), request)

function conceptOf(request: ApiRequest): string {
  return request.cdIdentifier ?? ''
}
