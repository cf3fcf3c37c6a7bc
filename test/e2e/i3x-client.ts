/** A client of i3X, a submodel for it, and the forms of its answers; headings in brackets are those of its Implementation Guide. */
import type { Test } from 'tap'
import type { ServerOptions } from '../../src/server.ts'
import { type Reply, type Running, start } from './harness.ts'

export const LINE = 'urn:example:line'
export const SHELL = 'urn:example:shell'
export const NOWHERE = 'urn:example:nowhere'

export interface Vqt {
  readonly value: unknown
  readonly quality: string
  readonly timestamp: string
}

/** A submodel with what the sample plant lacks. */
export const line = {
  modelType: 'Submodel',
  id: LINE,
  idShort: 'Line',
  submodelElements: [
    property('Speed', 'xs:double', '5.5'),
    property('Count', 'xs:unsignedLong', '18446744073709551615'),
    property('Limit', 'xs:double', 'INF'),
    property('Empty', 'xs:int'),
    property('Note', 'xs:string', '5'),
    {
      modelType: 'SubmodelElementCollection',
      idShort: 'Motor',
      value: [
        property('Current', 'xs:double', '2.5'),
        {
          modelType: 'SubmodelElementList',
          idShort: 'Log',
          typeValueListElement: 'Property',
          valueTypeListElement: 'xs:int',
          value: [
            { modelType: 'Property', valueType: 'xs:int', value: '1' },
            { modelType: 'Property', valueType: 'xs:int', value: '2' }
          ]
        }
      ]
    },
    { modelType: 'Operation', idShort: 'Stop' }
  ]
}

function property(idShort: string, valueType: string, value?: string) {
  const keys = [{ type: 'GlobalReference', value: `https://example.com/semantics/${idShort}` }]
  const semanticId = { type: 'ExternalReference', keys }
  return { modelType: 'Property', idShort, valueType, semanticId, ...(value !== undefined && { value }) }
}

export type I3xClient = ReturnType<typeof i3xClient>

/** @param ask sends a request, as the test or as a caller with credentials */
export function i3xClient({ url }: Running, ask: Running['ask']) {
  const base = `${url}/i3x/v1`
  return {
    get: (path: string) => ask('GET', base + path),
    post: (path: string, body: unknown) => ask('POST', base + path, body),
    put: (path: string, body: unknown) => ask('PUT', base + path, body)
  }
}

/** A hub with the submodel and an empty shell. */
export async function lineHub(t: Test, options: ServerOptions = {}) {
  const hub = await start(t, {}, options)
  const shell = {
    modelType: 'AssetAdministrationShell',
    id: SHELL,
    assetInformation: { assetKind: 'Instance', globalAssetId: 'x' }
  }
  t.equal((await hub.post('/submodels', line)).status, 201)
  t.equal((await hub.post('/shells', shell)).status, 201)
  return { hub, ...i3xClient(hub, hub.ask) }
}

/** [Success] */
export function isSuccess(t: Test, { status, json }: Reply): void {
  t.equal(status, 200)
  t.strictSame(Object.keys(json).sort(), ['result', 'success'])
  t.equal(json.success, true)
}

/** [Failure] */
export function isFailure(t: Test, { status, json, text }: Reply, expected: number, what = ''): void {
  t.equal(status, expected, `${what} ${text}`)
  t.match(json, { success: false, responseDetail: { title: String, status: expected, detail: /\S/ } }, what)
}

/** [Bulk Response] @param failed ids that do not exist */
export function isBulk(
  t: Test,
  { status, json }: Reply,
  ids: readonly string[],
  failed: readonly string[],
  key = 'elementId'
): void {
  t.equal(status, 200)
  t.equal(json.success, failed.length === 0)
  const wrong = (json.results as readonly Record<string, unknown>[]).filter((item, index) => {
    const isFailed = failed.includes(String(item[key]))
    const { status, title, detail } = Object(item.responseDetail)
    const hasDetail = status === 404 && title === 'Not Found' && typeof detail === 'string'
    return (
      item[key] !== ids[index] || item.success === isFailed || hasDetail !== isFailed || 'result' in item === isFailed
    )
  })
  t.strictSame(wrong, [])
  t.equal(json.results.length, ids.length)
}

/** [Query Methods] */
export const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/

/** [Query Methods], [Null Value Handling] A value where, and only where, there is one. */
export function isVqt({ value, quality, timestamp }: Vqt): boolean {
  const isEmpty = quality === 'GoodNoData' || quality === 'Bad'
  return (
    UTC.test(timestamp) && (isEmpty || quality === 'Good' || quality === 'Uncertain') && (value === null) === isEmpty
  )
}

export const timeOf = (text: string) => `2026-01-31T${text}Z`
