/** The ledger of validations: what the last check of each submodel found. It is written in the background. */
import { unlessDamaged } from '../store/damage.ts'
import type { Facet } from '../store/store.ts'
import { get } from './documents.ts'
import { submodelOf } from './elements.ts'
import type { Handler } from './hub.ts'
import { cursorOf, damagedIn, paged, positionOf } from './paging.ts'
import type { ValidationEntry } from './validation.ts'

/** GET /submodels/{submodelIdentifier}/$validation. What the ledger does not know yet is found out now. */
export const getById: Handler = async (hub, call) => {
  const document = await get(hub, 'Submodel', submodelOf(call))
  const kept = await unlessDamaged(hub.store.document('Validation', document.id))
  if (kept !== undefined) {
    const entry = JSON.parse(kept.bytes.toString()) as ValidationEntry
    if (entry.revision === document.revision && entry.rules === hub.templates.rules) return { status: 200, json: entry }
  }
  return { status: 200, json: hub.templates.entryOf(document) }
}

/** GET /validation. */
export const getAll: Handler = async (hub, call) => {
  const { result, template, cursor, limit } = call.query
  const facets: Facet[] = []
  if (result !== undefined) facets.push(['result', result])
  if (template !== undefined) facets.push(['template', template])
  const page = await hub.store.documents('Validation', facets, { limit, after: positionOf(cursor) ?? 0 })
  return paged(
    page.items.map(({ bytes }) => bytes),
    page.next === undefined ? undefined : cursorOf(page.next),
    damagedIn(page.damaged)
  )
}
