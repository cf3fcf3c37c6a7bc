/** Validation results: what the last check of each submodel found; written in the background. */
import { unlessDamaged } from '../store/damage.ts'
import type { Facet } from '../store/store.ts'
import { get } from './documents.ts'
import { submodelOf } from './elements.ts'
import type { OperationHandler } from './operation-context.ts'
import { damagedMetadata, paged, parseCursor, toCursor } from './paging.ts'
import type { ValidationResult } from './validation/template-checker.ts'

/** GET /submodels/{submodelIdentifier}/$validation. Validates now if the stored result is out of date. */
export const getById: OperationHandler = async (context, request) => {
  const document = await get(context, 'Submodel', submodelOf(request))
  const kept = await unlessDamaged(context.store.document('Validation', document.id))
  if (kept !== undefined) {
    const entry = JSON.parse(kept.bytes.toString()) as ValidationResult
    if (entry.revision === document.revision && entry.rules === context.templates.rules)
      return { status: 200, json: entry }
  }
  return { status: 200, json: context.templates.entryOf(document, context.ingest.clock.milliseconds()) }
}

/** GET /validation. */
export const getAll: OperationHandler = async (context, request) => {
  const { result, template, cursor, limit } = request.query
  const facets: Facet[] = []
  if (result !== undefined) facets.push(['result', result])
  if (template !== undefined) facets.push(['template', template])
  const page = await context.store.documents('Validation', facets, { limit, after: parseCursor(cursor) ?? 0 })
  return paged(
    page.items.map(({ bytes }) => bytes),
    page.next === undefined ? undefined : toCursor(page.next),
    damagedMetadata(page.damaged)
  )
}
