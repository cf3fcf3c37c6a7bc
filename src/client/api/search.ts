/** Finds shells by a text, and shells and submodels by conditions in AASQL, the query language of Part 2. */
import type { ListPage, Shell } from './aas.ts'
import type { HttpClient, PageRequest } from './http.ts'

/** What a text is looked for in. */
export const SEARCHED = ['name', 'id', 'semanticId', 'assetId', 'value'] as const
export type Searched = (typeof SEARCHED)[number]

/** A condition in the JSON form of AASQL. */
export type Condition = Readonly<Record<string, unknown>>

/** Where shells have a text to search in. */
const SHELL_FIELDS = ['name', 'id', 'assetId'] as const satisfies readonly Searched[]

const SUBMODEL_FIELDS: Readonly<Record<Searched, readonly string[]>> = {
  name: ['$sm#idShort', '$sme#idShort'],
  id: ['$sm#id'],
  semanticId: ['$sm#semanticId', '$sme#semanticId'],
  assetId: [],
  value: ['$sme#value']
}

/** Shells that contain a text, whatever its case. @returns undefined where shells have none of these fields */
export function shellSearch(
  http: HttpClient,
  text: string,
  searched: readonly Searched[]
): ((page: PageRequest) => Promise<ListPage<Shell>>) | undefined {
  const fields = SHELL_FIELDS.filter((field) => searched.includes(field))
  if (fields.length === 0) return undefined
  return ({ signal, ...page }) => http.json(http.hub('/shell-search'), { query: { text, in: fields, ...page }, signal })
}

export function submodelCondition(text: string, searched: readonly Searched[]): Condition | undefined {
  return anyContains(
    text,
    searched.flatMap((one) => SUBMODEL_FIELDS[one])
  )
}

export function queryShells(http: HttpClient, condition: Condition, page: PageRequest = {}): Promise<ListPage<Shell>> {
  return query(http, 'shells', { $condition: condition }, page)
}

/** Identifiers only, as submodels may be large. */
export function querySubmodels(
  http: HttpClient,
  condition: Condition,
  page: PageRequest = {}
): Promise<ListPage<string>> {
  return query(http, 'submodels', { $select: 'id', $condition: condition }, page)
}

/** A page may be empty though there are further ones: the hub ends a long search and continues at the cursor. */
export function query<Entry>(
  http: HttpClient,
  subject: string,
  json: Condition,
  { signal, ...query }: PageRequest
): Promise<ListPage<Entry>> {
  return http.json(http.api(`/query/${subject}`), { method: 'POST', json, query, signal })
}

/** The hub looks up at most this many identifiers by index in one query; with more it reads everything. */
const MAX_ALTERNATIVES = 16

/**
 * Documents by identifier; those that do not exist are not in the result.
 * @param $select what the result has of them; all by default
 */
export async function queryByIds<Entry>(
  http: HttpClient,
  subject: string,
  field: string,
  ids: readonly string[],
  $select?: 'id'
): Promise<Entry[]> {
  const parts = Array.from({ length: Math.ceil(ids.length / MAX_ALTERNATIVES) }, (_, index) =>
    ids.slice(index * MAX_ALTERNATIVES, (index + 1) * MAX_ALTERNATIVES)
  )
  const pages = await Promise.all(
    parts.map((part) => {
      const equal = part.map((id) => ({ $eq: [{ $field: field }, { $strVal: id }] }))
      const $condition = equal.length === 1 ? equal[0] : { $or: equal }
      return query<Entry>(http, subject, { ...($select && { $select }), $condition }, { limit: 100 })
    })
  )
  return pages.flatMap(({ result }) => result)
}

function anyContains(text: string, fields: readonly string[]): Condition | undefined {
  // The syntax is RE2's.
  const pattern = `(?i)${text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}`
  const tests = fields.map((field) => ({ $regex: [{ $field: field }, { $strVal: pattern }] }))
  return tests.length > 1 ? { $or: tests } : tests[0]
}
