/** Validation results: what the last check of each submodel found; written in the background. */
import { parseStoredPath } from '../model/path.ts'
import type { Submodel } from '../model/types.ts'
import { resolve } from '../model/walk.ts'
import { pageOfShown } from '../security/shown-page.ts'
import { candidates, EVERY } from '../store/candidates.ts'
import { unlessDamaged } from '../store/damage.ts'
import type { Document, Facet, Page, PageRequest } from '../store/store.ts'
import { constraintText, templateText } from './constraint-texts.ts'
import { get } from './documents.ts'
import { submodelOf } from './elements.ts'
import type { OperationContext, OperationHandler } from './operation-context.ts'
import { damagedMetadata, paged, pageTime, parseCursor, toCursor } from './paging.ts'
import type { ReportLanguage } from './report-language.ts'
import type { ValidationResult } from './validation/template-checker.ts'

/** GET /submodels/{submodelIdentifier}/$validation. Validates now if the stored result is out of date. */
export const getById: OperationHandler = async (context, request) => {
  const id = submodelOf(request)
  await get(context, 'Submodel', id)
  const store = context.subject?.store ?? context.store
  const document = await get({ ...context, store }, 'Submodel', id)
  const kept = await unlessDamaged(store.document('Validation', id))
  const entry = kept && parse(kept.bytes)
  const isCurrent = entry?.revision === document.revision && entry.rules === context.templates.rules
  const result = isCurrent ? entry : context.templates.entryOf(document, context.ingest.clock.milliseconds())
  const visible = await visibleResult(context, result, document)
  return { status: 200, json: visible && explained(visible, request.query.language) }
}

/** GET /validation. */
export const getAll: OperationHandler = async (context, request) => {
  const { result, template, language, cursor, limit } = request.query
  const facets: Facet[] = []
  if (result !== undefined) facets.push(['result', result])
  if (template !== undefined) facets.push(['template', template])
  const page = await results(context, facets, { limit, after: parseCursor(cursor) ?? 0, isOver: pageTime(context) })
  return paged(
    page.items.map(({ bytes }) => (language === 'ko' ? bytesOf(explained(parse(bytes), language)) : bytes)),
    page.next === undefined ? undefined : toCursor(page.next),
    damagedMetadata(page.damaged)
  )
}

/** A result with its findings in a language. */
function explained(result: ValidationResult, language: ReportLanguage | undefined): ValidationResult {
  if (language !== 'ko') return result
  return {
    ...result,
    violations: result.violations.map((found) => ({ ...found, text: templateText(found.rule, found.text) })),
    metamodel: result.metamodel.map((found) => ({ ...found, text: constraintText(found.rule, found.text) }))
  }
}

/** Results of the submodels that the caller may see. */
async function results(
  context: OperationContext,
  facets: readonly Facet[],
  page: PageRequest
): Promise<Page<Document>> {
  const { subject, store, templates } = context
  if (subject === undefined || (await subject.access.ofKind('READ', 'Submodel')) === 'allowed')
    return store.documents('Validation', facets, page)
  const found = candidates(subject.store, 'Validation', {
    ...{ alternatives: [EVERY], facets, after: page.after ?? 0, firstRead: page.limit + 1 },
    onDamage: () => {}
  })
  return pageOfShown(found, page, async (document) => {
    const submodel = await unlessDamaged(subject.store.document('Submodel', document.id))
    const entry = parse(document.bytes)
    const visible = submodel && (await visibleResult(context, entry, submodel))
    if (visible === undefined) return undefined
    const own = templates.facetsOf(visible)
    if (!facets.every(([name, value]) => own.some((facet) => facet[0] === name && facet[1] === value))) return undefined
    return visible === entry ? document : { ...document, bytes: bytesOf(visible) }
  })
}

/**
 * Of a submodel that the caller sees in part: what was found in elements that it sees entirely. Findings elsewhere may name
 * what is hidden. Undefined if it sees nothing of the submodel.
 */
async function visibleResult(
  { subject }: OperationContext,
  result: ValidationResult,
  document: Document
): Promise<ValidationResult | undefined> {
  if (subject === undefined) return result
  const decision = await subject.access.decide('READ', 'Submodel', document.id)
  if (decision.isAllowed) return result
  const submodel = JSON.parse(document.bytes.toString()) as Submodel
  const shown = decision.view.visible(submodel)
  if (shown === undefined || shown === submodel) return shown && result
  const isVisible = ({ idShortPath = '' }: { readonly idShortPath?: string }): boolean => {
    const steps = parseStoredPath(idShortPath)
    const element = steps && resolve(submodel, steps)
    return steps !== undefined && element !== undefined && decision.view.visibleElement(submodel, steps) === element
  }
  const violations = result.violations.filter(isVisible)
  const metamodel = result.metamodel.filter(isVisible)
  const isValid = violations.length + metamodel.length === 0
  const outcome = isValid ? (result.template === undefined ? 'noTemplate' : 'valid') : 'invalid'
  return { ...result, result: outcome, violations, metamodel }
}

function parse(bytes: Buffer): ValidationResult {
  return JSON.parse(bytes.toString())
}

function bytesOf(result: ValidationResult): Buffer {
  return Buffer.from(JSON.stringify(result))
}
