/** `check_validation` and `check_collection`: is what is stored valid, and does what is planned arrive? */
import { z } from 'zod'
import { verdicts } from '../../../operations/collection/verdict.ts'
import { type HubRequests, submodelPath } from '../hub/requests.ts'
import { machinesOf, type PageOf, select } from '../hub/selection.ts'
import { cursor, limit, tool } from './tool.ts'

/** Findings of one submodel in a list. */
const MAX_FINDINGS = 5

interface Finding {
  readonly pointer: string
  readonly idShortPath?: string
  readonly rule: string
  readonly text: string
}

interface Validation {
  readonly submodelId: string
  readonly result: string
  readonly template?: string
  readonly violations: readonly Finding[]
  readonly metamodel: readonly Finding[]
}

const reportLanguage = z.enum(['en', 'ko']).default('en').describe('Language of the sentences')

export const checkValidation = tool({
  name: 'check_validation',
  title: 'Results of validation',
  description:
    'Are submodels what their templates and the metamodel ask for? Of one submodel its findings with location, rule and what to do; else those with findings. `result`: valid, invalid, or all.',
  input: z.strictObject({
    machine: z.string().max(2048).optional(),
    submodel: z.string().max(2048).optional().describe('id, or idShort beside the machine'),
    result: z.enum(['invalid', 'valid', 'all']).default('invalid'),
    template: z.string().max(2048).optional().describe('semanticId of the template'),
    ...{ language: reportLanguage, limit: limit(100, 20), cursor }
  }),
  run: async ({ hub }, { machine, submodel, result, template, language, limit, cursor }) => {
    if (submodel !== undefined || machine !== undefined) {
      const named = { machine: machine ? [machine] : [], submodel: submodel ? [submodel] : [] }
      const { submodels } = await select(hub, named)
      const found: (object | undefined)[] = []
      for (const id of submodels.slice(0, limit)) {
        const one = await hub.apiIfThere<Validation>(submodelPath(id, '/$validation'), { language })
        if (one !== undefined)
          found.push({ ...resultOf(one), ...findingsOf(one, submodels.length > 1 ? MAX_FINDINGS : limit) })
      }
      return { results: found }
    }
    const query = { template, language, limit, cursor, ...(result !== 'all' && { result }) }
    const page = await hub.api<PageOf<Validation>>('/validation', query)
    const machines = await machinesOf(
      hub,
      page.result.map((one) => one.submodelId),
      []
    )
    const next = page.paging_metadata?.cursor
    if (page.result.length === 0 && next === undefined) return { message: `No submodel has the result "${result}"` }
    return {
      results: page.result.map((one) => ({
        ...(machines.has(one.submodelId) && { machine: machines.get(one.submodelId) }),
        ...resultOf(one),
        ...findingsOf(one, MAX_FINDINGS)
      })),
      ...(next !== undefined && { next })
    }
  }
})

function resultOf({ submodelId, result, template }: Validation): object {
  return { submodel: submodelId, result, ...(template !== undefined && { template }) }
}

function findingsOf({ violations, metamodel }: Validation, most: number): object {
  const all = [...violations, ...metamodel]
  if (all.length === 0) return {}
  const shown = all.slice(0, most).map(({ idShortPath, pointer, rule, text }) => [idShortPath ?? pointer, rule, text])
  return { findings: all.length, columns: ['path', 'rule', 'text'], rows: shown }
}

// ---- the collection plan

interface Point {
  readonly machine?: string
  readonly submodel: string
  readonly path: string
  readonly verdict: string
  readonly plannedPeriod?: number
  readonly measuredPeriod?: number
  readonly missingRate?: number
  readonly gaps?: number
  readonly lastSample?: string
  readonly text: string
}

interface PointPage extends PageOf<Point> {
  readonly planDefect?: string
  readonly verdicts?: Readonly<Record<string, number>>
}

export const checkCollection = tool({
  name: 'check_collection',
  title: 'Collection plan against what arrives',
  description:
    'Does each planned point deliver? Verdict (silent, slow, gaps, late, quality, ok, unplanned), planned and measured period in seconds, missing share (0 to 1), last sample; and the number of points of each verdict.',
  input: z.strictObject({
    machine: z.string().max(500).optional().describe('As the plan names it'),
    process: z.string().max(500).optional(),
    submodel: z.string().max(2048).optional().describe('id'),
    verdict: z.enum(verdicts).optional(),
    ...{ language: reportLanguage, limit: limit(200, 50), cursor }
  }),
  run: async ({ hub }, query) => {
    const page = await hub.get<PointPage>('/collection-points', query)
    const next = page.paging_metadata?.cursor
    if (page.result.length === 0 && page.planDefect !== undefined)
      return { message: `Nothing is planned: ${page.planDefect}` }
    return {
      ...(page.verdicts && { verdicts: page.verdicts }),
      ...(page.planDefect !== undefined && { planDefect: page.planDefect }),
      columns: ['machine', 'path', 'verdict', 'planned', 'measured', 'missing', 'gaps', 'lastSample', 'meaning'],
      rows: await pointRows(hub, page.result),
      ...(next !== undefined && { next })
    }
  }
})

async function pointRows(hub: HubRequests, points: readonly Point[]): Promise<unknown[][]> {
  const unplanned = points.flatMap(({ machine, submodel }) => (machine === undefined ? [submodel] : []))
  const machines = await machinesOf(hub, unplanned, [])
  return points.map((point) => [
    point.machine ?? machines.get(point.submodel) ?? point.submodel,
    point.path,
    point.verdict,
    point.plannedPeriod ?? null,
    point.measuredPeriod ?? null,
    point.missingRate ?? null,
    point.gaps ?? null,
    point.lastSample ?? null,
    point.text
  ])
}
