/** `find`: what there is, by a text, a meaning, an asset or a condition. */
import { z } from 'zod'
import type { AssetAdministrationShell, ConceptDescription, Submodel, SubmodelElement } from '../../../model/types.ts'
import { walk } from '../../../model/walk.ts'
import { foldText } from '../../../operations/shell-search/shell-index.ts'
import { type HubRequests, ifAllowed, type Query, Unanswerable } from '../hub/requests.ts'
import { inLanguage, machinesOf, type PageOf, select } from '../hub/selection.ts'
import { type Concept, conceptContent } from './concepts.ts'
import { cursor, language, limit, tool } from './tool.ts'

/** Concept descriptions that a text is looked for in. */
const MAX_CONCEPTS = 2000
const CONCEPTS_PER_PAGE = 200

const MACHINE_COLUMNS = ['machine', 'name', 'asset', 'id']
const ELEMENT_COLUMNS = ['machine', 'submodel', 'path', 'value', 'semanticId']

const kinds = {
  machine: '/query/shells',
  submodel: '/query/submodels',
  concept: '/query/concept-descriptions'
} as const

export const find = tool({
  name: 'find',
  title: 'Find machines, submodels, elements, concepts',
  description:
    'Begin here. `text` looks in names and ids of machines, concepts (also their translations), submodels and elements; `semanticId` finds all elements of a meaning, `asset` machines by asset id. `condition` is AASQL, e.g. {"$gt":[{"$field":"$sme.CycleTime#value"},{"$numVal":10}]}, over `kind`. Without any: the machines.',
  input: z.strictObject({
    text: z.string().min(1).max(200).optional(),
    semanticId: z.string().min(1).max(2048).optional().describe('id, or idShort of the concept'),
    asset: z.string().min(1).max(2048).optional().describe('Global or specific asset id'),
    condition: z.record(z.string(), z.unknown()).optional(),
    kind: z.enum(['machine', 'submodel', 'concept']).default('submodel').describe('What `condition` is about'),
    ...{ language, limit: limit(100, 20), cursor }
  }),
  run: async ({ hub }, args) => {
    const { text, semanticId, asset, condition } = args
    const given = [text, semanticId, asset, condition].filter((one) => one !== undefined)
    if (given.length > 1) throw new Unanswerable('Give one of "text", "semanticId", "asset" and "condition" at a time')
    if (condition !== undefined) return byCondition(hub, condition, args)
    if (semanticId !== undefined) return byMeaning(hub, semanticId, args)
    if (asset !== undefined) return machinesWith(hub, { text: asset, in: 'assetId' }, args)
    if (text === undefined) return allMachines(hub, args)
    if (args.cursor !== undefined) return machinesWith(hub, { text }, args)
    return byText(hub, text, args)
  }
})

interface Page {
  readonly limit: number
  readonly language?: string | undefined
  readonly cursor?: string | undefined
}

// ---- machines

async function allMachines(hub: HubRequests, page: Page): Promise<object> {
  return machineAnswer(await hub.api<PageOf<AssetAdministrationShell>>('/shells', pageQuery(page)), page)
}

async function machinesWith(hub: HubRequests, query: { text: string; in?: string }, page: Page): Promise<object> {
  const found = await hub.get<PageOf<AssetAdministrationShell>>('/shell-search', { ...query, ...pageQuery(page) })
  return machineAnswer(found, page)
}

function machineAnswer(page: PageOf<AssetAdministrationShell>, { language }: Page): object {
  return { columns: MACHINE_COLUMNS, rows: page.result.map((shell) => machineRow(shell, language)), ...nextOf(page) }
}

function machineRow({ idShort, id, displayName, assetInformation }: AssetAdministrationShell, language?: string) {
  return [idShort ?? id, inLanguage(displayName, language) ?? '', assetInformation?.globalAssetId ?? '', id]
}

// ---- by text

async function byText(hub: HubRequests, text: string, page: Page): Promise<object> {
  const { limit, language } = page
  const none: PageOf<AssetAdministrationShell> = { result: [] }
  const [shells, concepts, submodels, elements] = await Promise.all([
    ifAllowed(hub.get<PageOf<AssetAdministrationShell>>('/shell-search', { text, limit })).then(
      (found) => found ?? none
    ),
    conceptsWith(hub, text, limit),
    submodelsWhere(hub, nameMatches('$sm#idShort', text), limit),
    submodelsWhere(hub, nameMatches('$sme#idShort', text), limit)
  ])
  const pattern = new RegExp(patternOf(text).slice('(?i)'.length), 'i')
  const isNamed = ({ idShort = '' }: SubmodelElement) => pattern.test(idShort)
  const machines = await machinesOf(
    hub,
    [...submodels, ...elements].map(({ id }) => id),
    shells.result
  )
  const places = elements.flatMap((submodel) => elementRows(submodel, isNamed, machines)).slice(0, limit)
  const answer = {
    ...(shells.result.length > 0 && {
      machines: table(
        MACHINE_COLUMNS,
        shells.result.map((one) => machineRow(one, language))
      )
    }),
    ...(concepts.length > 0 && {
      concepts: table(
        ['concept', 'name', 'unit', 'id'],
        concepts.map((one) => conceptRow(one, language))
      )
    }),
    ...(submodels.length > 0 && {
      submodels: table(
        ['machine', 'submodel', 'id'],
        submodels.map((one) => submodelRow(one, machines))
      )
    }),
    ...(places.length > 0 && { elements: table(ELEMENT_COLUMNS, places) }),
    ...nextOf(shells)
  }
  if (Object.keys(answer).length > 0) return answer
  return {
    message: `Nothing that you may read has "${text}" in its name: try one word of it, another language, or "find" without arguments for all machines`
  }
}

function table(columns: readonly string[], rows: readonly unknown[]): object {
  return { columns, rows }
}

/** Words of a name may be joined by signs, or by capitals. */
function patternOf(text: string): string {
  const words = text.trim().split(/[\s_-]+/)
  return `(?i)${words.map((word) => word.replace(/[^\p{L}\p{N}]/gu, '\\$&')).join('[ _-]*')}`
}

function nameMatches(field: string, text: string): object {
  return { $regex: [{ $field: field }, { $strVal: patternOf(text) }] }
}

async function conceptsWith(hub: HubRequests, text: string, limit: number): Promise<readonly ConceptDescription[]> {
  const wanted = foldText(text)
  const found: ConceptDescription[] = []
  let read = 0
  for (let cursor: string | undefined = ''; cursor !== undefined && read < MAX_CONCEPTS && found.length < limit; ) {
    const query: Query = { limit: CONCEPTS_PER_PAGE, ...(cursor !== '' && { cursor }) }
    const page = await hub.apiIfThere<PageOf<ConceptDescription>>('/concept-descriptions', query)
    for (const concept of page?.result ?? []) {
      read++
      const names = conceptContent(concept)?.preferredName?.map((one) => one.text) ?? []
      const texts = [concept.id, concept.idShort ?? '', ...names, ...(concept.displayName ?? []).map((one) => one.text)]
      if (found.length < limit && texts.some((one) => foldText(one ?? '').includes(wanted))) found.push(concept)
    }
    cursor = page?.paging_metadata?.cursor
  }
  return found
}

function conceptRow(concept: ConceptDescription, language?: string) {
  const { name = '', unit = '' }: Partial<Concept> = {
    name: inLanguage(conceptContent(concept)?.preferredName, language),
    unit: conceptContent(concept)?.unit
  }
  return [concept.idShort ?? '', name, unit, concept.id]
}

// ---- submodels and elements

async function submodelsWhere(hub: HubRequests, condition: object, limit: number): Promise<readonly Submodel[]> {
  const path = `${hub.port.apiPrefix}/query/submodels?limit=${limit}`
  const page = await ifAllowed(hub.write<PageOf<Submodel>>('POST', path, { $condition: condition }))
  return (page?.result ?? []).filter(({ kind }) => kind !== 'Template')
}

async function byMeaning(hub: HubRequests, name: string, page: Page): Promise<object> {
  const { semanticIds } = await select(hub, { semanticId: [name] })
  const among = (field: string) => {
    const each = semanticIds.map((id) => ({ $eq: [{ $field: field }, { $strVal: id }] }))
    return each.length === 1 ? each : [{ $or: each }]
  }
  const $condition = { $or: [...among('$sme#semanticId'), ...among('$sm#semanticId')] }
  const path = `${hub.port.apiPrefix}/query/submodels`
  const found = await hub.write<PageOf<Submodel>>('POST', path + pageText(page), { $condition })
  const submodels = (found?.result ?? []).filter(({ kind }) => kind !== 'Template')
  const machines = await machinesOf(
    hub,
    submodels.map(({ id }) => id),
    []
  )
  const isMeant = ({ semanticId }: SubmodelElement) => semanticIds.includes(semanticId?.keys?.[0]?.value ?? '')
  const whole = submodels.filter((one) => semanticIds.includes(one.semanticId?.keys?.[0]?.value ?? ''))
  // They all have the one that was asked for.
  const columns = ELEMENT_COLUMNS.slice(0, -1)
  const elements = submodels.flatMap((one) => elementRows(one, isMeant, machines)).map((row) => row.slice(0, -1))
  if (elements.length + whole.length === 0 && page.cursor === undefined) {
    return {
      message: `Nothing that you may read has the semanticId "${name}": look for the concept with "find" and "text"`
    }
  }
  return {
    ...(elements.length > 0 && { elements: table(columns, elements) }),
    ...(whole.length > 0 && {
      submodels: table(
        ['machine', 'submodel', 'id'],
        whole.map((one) => submodelRow(one, machines))
      )
    }),
    ...nextOf(found)
  }
}

function submodelRow({ id, idShort }: Submodel, machines: ReadonlyMap<string, string>) {
  return [machines.get(id) ?? '', idShort ?? '', id]
}

function elementRows(
  submodel: Submodel,
  isMeant: (element: SubmodelElement) => boolean,
  machines: ReadonlyMap<string, string>
) {
  const rows: unknown[][] = []
  for (const { element, path } of walk(submodel)) {
    if (!isMeant(element)) continue
    const value = 'value' in element && typeof element.value === 'string' ? element.value : null
    const semanticId = element.semanticId?.keys?.[0]?.value ?? ''
    rows.push([machines.get(submodel.id) ?? '', submodel.idShort ?? submodel.id, path, value, semanticId])
  }
  return rows
}

// ---- by condition

async function byCondition(
  hub: HubRequests,
  $condition: unknown,
  page: Page & { readonly kind: keyof typeof kinds }
): Promise<object> {
  const path = hub.port.apiPrefix + kinds[page.kind] + pageText(page)
  const found = await hub.write<PageOf<Submodel & AssetAdministrationShell & ConceptDescription>>('POST', path, {
    $condition
  })
  const result = found?.result ?? []
  if (page.kind === 'machine') return { ...machineAnswer({ ...found, result }, page) }
  if (page.kind === 'concept') {
    return {
      ...table(
        ['concept', 'name', 'unit', 'id'],
        result.map((one) => conceptRow(one, page.language))
      ),
      ...nextOf(found)
    }
  }
  const machines = await machinesOf(
    hub,
    result.map(({ id }) => id),
    []
  )
  return {
    ...table(
      ['machine', 'submodel', 'id'],
      result.map((one) => submodelRow(one, machines))
    ),
    ...nextOf(found)
  }
}

// ---- pages

function pageQuery({ limit, cursor }: Page) {
  return { limit, ...(cursor !== undefined && { cursor }) }
}

function pageText(page: Page): string {
  return `?${new URLSearchParams(Object.entries(pageQuery(page)).map(([name, value]) => [name, String(value)]))}`
}

function nextOf(page: Omit<PageOf<unknown>, 'result'> | undefined): { readonly next?: string } {
  const cursor = page?.paging_metadata?.cursor
  return cursor === undefined ? {} : { next: cursor }
}
