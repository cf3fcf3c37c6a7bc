/** What the answer to each operation has to look like, by the classes of the standard. */
import { parseJson, validate } from '../../../formats/json.ts'
import { isClass } from '../../../model/fields.ts'
import type { ApiEndpoint } from '../../../operations/mounts.ts'
import type { Asked } from '../examiner/examiner.ts'

/** Why an answer is not what the operation promises; undefined: it is. */
export function faultOf(endpoint: ApiEndpoint, { status, headers, body, json }: Asked): string | undefined {
  const { definition, success } = endpoint
  if (!success.includes(status)) return `status ${status}, expected ${success.join(' or ')}`
  if (status === 204 || status === 302) return undefined
  if (status === 202) return headers.location === undefined ? 'no Location of the status' : undefined
  const { gives } = definition
  if (gives === undefined) return undefined
  if (gives === 'file') return body.length === 0 ? 'an empty file' : undefined
  if (gives === 'Jws') return signatureFault(body)
  if (json === undefined) return 'no JSON'
  if (definition.paged === undefined) return shapeFault(endpoint, gives, json)
  if (typeof json.result !== 'object' || typeof json.paging_metadata !== 'object') return 'no page'
  // The values of several elements are one object.
  const items = endpoint.content === 'value' ? [json.result].flat() : json.result
  if (!Array.isArray(items)) return 'no list on the page'
  for (const item of items) {
    const fault = shapeFault(endpoint, gives, item)
    if (fault !== undefined) return fault
  }
  return undefined
}

/** A compact JWS whose payload is a document. */
function signatureFault(body: Buffer): string | undefined {
  const parts = body.toString().split('.')
  if (parts.length !== 3 || !parts.every((part) => /^[\w-]+$/.test(part))) return 'no compact JWS'
  try {
    const payload = parseJson(Buffer.from(parts[1] ?? '', 'base64url')) as { readonly modelType?: unknown } | null
    return classFault(String(payload?.modelType), payload)
  } catch {
    return 'no JSON in the JWS'
  }
}

function shapeFault({ content }: ApiEndpoint, gives: string, value: unknown): string | undefined {
  if (gives.endsWith('[]')) {
    if (!Array.isArray(value)) return 'no list'
    return value.map((item) => classFault(gives.slice(0, -2), item)).find((fault) => fault !== undefined)
  }
  switch (content) {
    case 'reference':
      return classFault('Reference', value)
    case 'path':
      return Array.isArray(value) || typeof value === 'string' ? undefined : 'no list of idShortPaths'
    case 'value':
      return typeof value === 'object' && value !== null && !('modelType' in value) ? undefined : 'no values alone'
    default:
      return classFault(gives, value)
  }
}

/** Of classes that the metamodel does not declare the members that a client cannot do without. */
const REQUIRED_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  OperationResult: ['executionState', 'success'],
  BaseOperationResult: ['executionState'],
  PackageDescription: ['packageId', 'aasIds'],
  RecentChange: ['type', 'updatedAt', 'id'],
  ServiceDescription: ['profiles']
}

function classFault(name: string, value: unknown): string | undefined {
  if (name === 'Identifier') return typeof value === 'string' ? undefined : 'no identifier'
  const members = REQUIRED_MEMBERS[name]
  if (members !== undefined) {
    const missing = members.filter((member) => !Object.hasOwn(Object(value), member))
    return missing.length === 0 ? undefined : `no ${missing.join(', ')} in a ${name}`
  }
  if (!isClass(name)) return `a class without a declaration, ${name}`
  const [first] = validate(name, value, { limit: 1 })
  return first && `no ${name}: ${first.pointer}: ${first.text}`
}
