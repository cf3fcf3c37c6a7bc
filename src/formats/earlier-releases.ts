/** Refuses documents of metamodel releases before 3.0 with a message that names the release. */
import { HubError } from '../errors.ts'

/** Namespaces of the XML mapping before release 3.0. */
const NAMESPACES: readonly (readonly [namespace: RegExp, release: string])[] = [
  [/^https?:\/\/(?:www\.)?admin-shell\.io\/aas\/([12])\/(\d)$/, 'V$1.$2'],
  [/^http:\/\/www\.admin-shell\.io\/aas\/3\/0$/, 'a release candidate of V3.0'],
  [/^https?:\/\/(?:www\.)?admin-shell\.io\/aas\/3\/0\/RC0?(\d)$/i, 'release candidate $1 of V3.0']
]

/** @throws HubError `BadRequest` if a namespace belongs to an earlier release */
export function refuseEarlierNamespace(namespace: string, origin: string): void {
  for (const [pattern, release] of NAMESPACES) {
    if (pattern.test(namespace))
      throw earlier(origin, namespace.replace(pattern, release), `its namespace is ${namespace}`)
  }
}

/** @throws HubError `BadRequest` if a shell, submodel or concept description has the form of an earlier release */
export function refuseEarlierJson(document: unknown, origin: string): void {
  if (typeof document !== 'object' || document === null) return
  const { identification, modelType } = document as { identification?: unknown; modelType?: unknown }
  if (isObject(identification) && 'idType' in identification)
    throw earlier(origin, 'V1 or V2', 'its documents have an "identification" instead of an "id"')
  if (isObject(modelType) && 'name' in modelType)
    throw earlier(origin, 'a release candidate of V3.0, or an earlier one', 'its "modelType" is an object')
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function earlier(origin: string, release: string, evidence: string): HubError {
  const way = 'the AASX Package Explorer of the Eclipse Foundation opens such files and saves them as V3'
  return new HubError('BadRequest', [
    `${origin} follows ${release} of the metamodel (${evidence}); only V3.0 to V3.2 are read: ${way}`
  ])
}
