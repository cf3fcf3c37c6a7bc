/** For each operation of the standard a valid request that acts on scratch documents only. */
import { encodeId } from '../../../model/identifier.ts'
import type { ApiEndpoint } from '../../../operations/mounts.ts'
import type { RequestContent } from '../examined-hub.ts'
import { formWith } from '../examiner/form-data.ts'
import { group, property, SCRATCH_ID_SHORT, type ScratchDocuments } from '../examiner/scratch-documents.ts'

/** What the requests of one examination share. */
export interface Trial {
  readonly documents: ScratchDocuments
  /** A package with the scratch documents. */
  packaged: Uint8Array
  /** Handles of asynchronous jobs. */
  bulk?: string
  invocation?: string
  upload?: string
  /** Makes names of elements that are not there yet. */
  created: number
}

export const TEXT_FILE = { name: 'scratch.txt', contentType: 'text/plain', bytes: 'examination' }

/** Below the API root, with its query; of an interface of one asset below the address of its service. */
export function addressOf(endpoint: ApiEndpoint, trial: Trial): string {
  const { documents } = trial
  const { path, mount } = endpoint
  const [first = ''] = mount.path.slice(1).split('/', 1)
  const base =
    first === 'aas'
      ? `/aas-services/${documents.encoded('shell')}`
      : first === 'submodel'
        ? `/submodel-services/${documents.encoded(submodelOf(path))}`
        : ''
  const isRegistry = first === 'shell-descriptors' || first === 'submodel-descriptors'
  const submodel = first === 'submodel-descriptors' ? 'far' : isRegistry ? 'submodel' : submodelOf(path)
  const filled = (base + path)
    .replace('{aasIdentifier}', documents.encoded(isRegistry ? 'far' : 'shell'))
    .replace('{submodelIdentifier}', documents.encoded(submodel))
    .replace('{cdIdentifier}', documents.encoded('concept'))
    .replace('{packageId}', documents.encoded('package'))
    .replace('{idShortPath}', elementOf(path))
    .replace('{handleId}', handleFor(first, trial) ?? encodeId('none'))
  return `${filled}${queryOf(endpoint, documents)}`
}

/** @param first the first segment of the path */
function handleFor(first: string, { bulk, invocation, upload }: Trial): string | undefined {
  if (first === 'bulk') return bulk
  return first === 'packages-async' ? upload : invocation
}

/** Undefined where the operation takes none. */
export function contentOf(endpoint: ApiEndpoint, trial: Trial): RequestContent | undefined {
  const { takes } = endpoint.definition
  if (takes === undefined) return undefined
  if (takes === 'file') {
    return endpoint.mount.path.startsWith('/packages') ? packageForm(trial) : formWith(TEXT_FILE)
  }
  const body = bodyOf(endpoint, takes, trial)
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

export function packageForm({ packaged, documents }: Trial): RequestContent {
  const contentType = 'application/asset-administration-shell-package'
  return formWith({ name: 'scratch.aasx', contentType, bytes: packaged }, { aasIds: documents.id('shell') })
}

function bodyOf({ definition, content, verb, path }: ApiEndpoint, takes: string, trial: Trial): unknown {
  const { documents } = trial
  const name = verb === 'POST' ? 'new' : 'far'
  switch (takes) {
    case 'AssetAdministrationShell':
      return documents.shell(verb === 'POST' ? 'new' : 'shell')
    case 'AssetInformation':
      return documents.assetInformation
    case 'Reference':
      return {
        type: 'ModelReference',
        keys: [{ type: 'Submodel', value: `${documents.id('new')}-${++trial.created}` }]
      }
    case 'Submodel':
      if (content === 'value') return { group: { inner: 2 } }
      if (content === 'metadata') return withoutElements(documents.submodel())
      return documents.submodel(verb === 'POST' ? 'new' : 'submodel')
    case 'SubmodelElement':
      if (content === 'value') return { inner: 3 }
      if (content === 'metadata') return { modelType: group.modelType, idShort: group.idShort }
      return verb === 'POST' ? property(`added${++trial.created}`, 'xs:int', '4') : group
    case 'OperationRequest':
      return invocationOf(content)
    case 'ConceptDescription':
      return documents.concept(verb === 'POST' ? 'new' : 'concept')
    case 'AssetAdministrationShellDescriptor':
      return documents.shellDescriptor(name)
    case 'SubmodelDescriptor':
      return documents.submodelDescriptor(
        definition.path.includes('{submodelIdentifier}') ? 'submodel' : path.startsWith('/shell') ? 'new' : name
      )
    case 'AssetAdministrationShellDescriptor[]':
      return [documents.shellDescriptor(name)]
    case 'SubmodelDescriptor[]':
      return [documents.submodelDescriptor(name)]
    case 'Identifier[]':
      return [documents.id('far')]
    case 'AssetLink[]':
    case 'SpecificAssetId[]':
      return documents.assetLinks
    default:
      // A query by the id of the scratch document.
      return {
        $condition: { $eq: [{ $field: QUERY_FIELDS[path] }, { $strVal: documents.id(QUERY_NAMES[path] ?? 'far') }] }
      }
  }
}

/** The records of the scratch series in a time without any. */
export function invocationOf(content: ApiEndpoint['content']): object {
  const bounds = { min: '2000-01-01T00:00:00Z', max: '2000-01-02T00:00:00Z' }
  const range = { modelType: 'Range', idShort: 'Timespan', valueType: 'xs:dateTime', ...bounds }
  return { inputArguments: content === 'value' ? { Timespan: bounds } : [{ value: range }] }
}

const QUERY_FIELDS: Readonly<Record<string, string>> = {
  '/query/shells': '$aas#id',
  '/query/submodels': '$sm#id',
  '/query/concept-descriptions': '$cd#id',
  '/query/shell-descriptors': '$aasdesc#id',
  '/query/submodel-descriptors': '$smdesc#id'
}

const QUERY_NAMES: Readonly<Record<string, 'shell' | 'submodel' | 'concept'>> = {
  '/query/shells': 'shell',
  '/query/submodels': 'submodel',
  '/query/concept-descriptions': 'concept'
}

/** Lists show what was stored for the examination, where they can be filtered. */
function queryOf({ definition, path }: ApiEndpoint, documents: ScratchDocuments): string {
  const names: readonly string[] = definition.query ?? []
  if (definition.name === 'GenerateSerializationByIds') {
    const [shell, submodel] = [documents.encoded('shell'), documents.encoded('submodel')]
    return `?aasIds=${shell}&submodelIds=${submodel}&includeConceptDescriptions=false`
  }
  const link = encodeId(JSON.stringify(documents.assetLinks[0]))
  const filters = [
    ...(names.includes('limit') ? ['limit=10'] : []),
    ...(names.includes('idShort') ? [`idShort=${SCRATCH_ID_SHORT}`] : []),
    ...(path === '/lookup/shells' ? [`assetIds=${link}`] : []),
    ...(names.includes('aasId') ? [`aasId=${documents.encoded('shell')}`] : [])
  ]
  return filters.length === 0 ? '' : `?${filters.join('&')}`
}

function submodelOf(path: string): 'series' | 'submodel' {
  return /invoke|operation-/.test(path) ? 'series' : 'submodel'
}

function elementOf(path: string): string {
  if (path.includes('/attachment')) return 'doc'
  return submodelOf(path) === 'series' ? 'ReadRecords' : 'group'
}

function withoutElements(submodel: object): object {
  const { submodelElements: _, ...rest } = submodel as { submodelElements?: unknown }
  return rest
}
