/**
 * Examples for the standard's operations, derived from the samples: the target of a request follows from its endpoint, and
 * the body from the class and the content that the endpoint takes.
 */
import { toValue } from '../../formats/to-value.ts'
import { metadataView } from '../../formats/views.ts'
import { encodeId } from '../../model/identifier.ts'
import type { SubmodelElement } from '../../model/types.ts'
import type { ApiEndpoint } from '../../operations/mounts.ts'
import {
  assetInformation,
  concept,
  cycleTime,
  dataMeaning,
  ids,
  iec61360,
  inventoryNumber,
  newElement,
  operationRequest,
  operationRequestValue,
  operationResult,
  operationResultValue,
  operationStatus,
  shell,
  shellDescriptor,
  submodel,
  submodelDescriptor,
  submodelReference
} from './openapi-samples.ts'

export type EndpointAtPath = { readonly endpoint: ApiEndpoint; readonly path: string }

/** An example value of a parameter, encoded; undefined where none can be known in advance. */
export function commonExample(name: string): unknown {
  return PARAMETERS[name]
}

/** The same for one operation. */
export function parameterExample(name: string, { endpoint, path }: EndpointAtPath): unknown {
  switch (name) {
    case 'submodelIdentifier':
      return encodeId(targetOf(endpoint, path).submodel)
    case 'idShortPath':
      return targetOf(endpoint, path).element
    case 'aasIds':
      // Services of a submodel, or of templates, have no shells.
      return /^\/(submodel-services|template-repository)\//.test(path) ? undefined : commonExample(name)
    case 'submodelIds':
      return path.startsWith('/template-repository/') ? [encodeId(ids.template)] : commonExample(name)
    case 'idShort':
      return IDSHORTS[endpoint.definition.on]
    default:
      return commonExample(name)
  }
}

/** The body as JSON; undefined for a form or a file. */
export function bodyExample({ endpoint, path }: EndpointAtPath): unknown {
  const { takes = '' } = endpoint.definition
  if (takes.endsWith('[]')) return [sampleOf(takes.slice(0, -2), endpoint, path)]
  return sampleOf(takes, endpoint, path)
}

/** The body of a response; only where a page could not make one from the schema, which is recursive. */
export function responseExample({ definition, content }: ApiEndpoint): unknown {
  if (definition.gives === 'BaseOperationResult') return operationStatus
  if (definition.gives !== 'OperationResult') return undefined
  return content === 'value' ? operationResultValue : operationResult
}

/** A form with a file, which is text, so that it can be part of a document. */
export function formExample({ definition }: ApiEndpoint): Readonly<Record<string, unknown>> {
  if (definition.own) return { fileName: 'machine.json', file: JSON.stringify(environment) }
  if (definition.path.endsWith('/thumbnail')) return { fileName: 'machine.svg', file: DRAWING }
  if (definition.path.endsWith('/attachment')) return { fileName: 'drawing.svg', file: DRAWING }
  return { aasIds: [ids.shell], fileName: 'machine.json', file: JSON.stringify(environment) }
}

/** A file that is the body itself, by media type; undefined for packages, which are binary. */
export function fileExample(type: string): unknown {
  if (type.endsWith('json')) return environment
  if (type.endsWith('/xml')) return XML
  return type === 'application/octet-stream' ? JSON.stringify(environment) : undefined
}

/** The submodel and element of the sample plant that an example is about. */
function targetOf(
  { definition, mount, content }: ApiEndpoint,
  path: string
): { readonly submodel: string; readonly element: string } {
  const isTemplate = path.startsWith('/template-repository')
  const submodel = isTemplate ? ids.template : ids.data
  if (mount.path.startsWith('/submodel-descriptors')) return { submodel, element: '' }
  if (definition.path.endsWith('/attachment')) {
    return { submodel: isTemplate ? ids.template : ids.technicalData, element: 'Drawing' }
  }
  if (/\/(invoke|operation-)/.test(definition.path)) return { submodel: ids.control, element: 'StartProduction' }
  const hasChildren = definition.verb === 'POST' || content === 'path'
  return { submodel, element: hasChildren ? 'Order' : 'CycleTime' }
}

function sampleOf(type: string, { definition, content }: ApiEndpoint, path: string): unknown {
  const isNew = definition.verb === 'POST'
  const isTemplate = path.startsWith('/template-repository')
  switch (type) {
    case 'AssetAdministrationShell':
      return shell(isNew ? ids.newShell : ids.shell)
    case 'AssetInformation':
      return assetInformation
    case 'Submodel':
      if (isTemplate) return viewOf(submodel(isNew ? ids.newTemplate : ids.template), content)
      return viewOf(submodel(isNew ? ids.newData : ids.data), content)
    case 'SubmodelElement':
      return viewOf(isNew ? newElement : cycleTime, content)
    case 'Reference':
      return submodelReference(ids.newData)
    case 'ConceptDescription':
      return concept(isNew ? ids.newConcept : ids.concept)
    case 'AssetAdministrationShellDescriptor':
      return shellDescriptor(isNew ? ids.newShell : ids.shell)
    case 'SubmodelDescriptor':
      return submodelDescriptor(isNew ? ids.newData : ids.data)
    case 'Identifier':
      return definition.path === '/shell-descriptors' ? ids.shell : ids.data
    case 'AssetLink':
    case 'SpecificAssetId':
      return inventoryNumber
    case 'OperationRequest':
      return content === 'value' ? operationRequestValue : operationRequest
    case 'Query':
      return { $condition: QUERIES[definition.path] }
    default:
      return undefined
  }
}

function viewOf(sample: ReturnType<typeof submodel> | SubmodelElement, content: ApiEndpoint['content']): unknown {
  if (content === 'metadata') return metadataView(sample)
  return content === 'value' ? toValue(sample) : sample
}

const IDSHORTS: Readonly<Partial<Record<ApiEndpoint['definition']['on'], string>>> = {
  Shells: 'InjectionMouldingMachine01',
  Submodels: 'OperationalData',
  ShellChanges: 'InjectionMouldingMachine01',
  SubmodelChanges: 'OperationalData',
  ConceptDescriptionChanges: 'CycleTime',
  ShellDescriptorChanges: 'InjectionMouldingMachine01',
  ConceptDescriptions: 'CycleTime'
}

/** The examples of an operation's parameters are consistent: together they select something in the sample plant. */
const PARAMETERS: Readonly<Record<string, unknown>> = {
  aasIdentifier: encodeId(ids.shell),
  aasId: encodeId(ids.shell),
  submodelIdentifier: encodeId(ids.data),
  idShortPath: 'CycleTime',
  cdIdentifier: encodeId(ids.concept),
  packageId: encodeId('machine'),
  handleId: encodeId('b6a7a1ce-6d6b-4ef0-9d6c-2f6f2a1f9a55'),
  limit: 10,
  level: 'deep',
  extent: 'withoutBlobValue',
  semanticId: encodeId(JSON.stringify(dataMeaning)),
  dataSpecificationRef: encodeId(JSON.stringify(iec61360)),
  assetIds: [encodeId(JSON.stringify(inventoryNumber))],
  assetKind: 'Instance',
  aasIds: [encodeId(ids.shell)],
  submodelIds: [encodeId(ids.data)],
  includeConceptDescriptions: true,
  version: '3.0',
  createdFrom: '2026-05-28T00:00:00Z',
  updatedFrom: '2026-05-28T00:00:00Z',
  date: '2030-01-01T00:00:00Z',
  existing: 'replace',
  fileName: 'machine.json',
  result: 'valid',
  template: 'Nameplate',
  language: 'ko',
  form: 'normal'
}

const equals = (field: string, value: string) => ({ $eq: [{ $field: field }, { $strVal: value }] })

const QUERIES: Readonly<Record<string, object>> = {
  '/shells': equals('$aas#idShort', 'InjectionMouldingMachine01'),
  '/submodels': equals('$sm#idShort', 'OperationalData'),
  '/concept-descriptions': equals('$cd#idShort', 'CycleTime'),
  '/shell-descriptors': equals('$aasdesc#idShort', 'InjectionMouldingMachine01'),
  '/submodel-descriptors': equals('$smdesc#idShort', 'OperationalData')
}

const environment = {
  assetAdministrationShells: [shell(ids.newShell)],
  submodels: [submodel(ids.newData)]
}

const DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 2"><rect width="4" height="2"/></svg>'

const XML = `<environment xmlns="https://admin-shell.io/aas/3/1">
  <submodels>
    <submodel>
      <idShort>OperationalData</idShort>
      <id>${ids.newData}</id>
      <submodelElements>
        <property>
          <idShort>CycleTime</idShort>
          <valueType>xs:double</valueType>
          <value>12.7</value>
        </property>
      </submodelElements>
    </submodel>
  </submodels>
</environment>
`

/** As a member of what it is an example of; nothing where there is none. */
export function exampleOf(example: unknown): { readonly example?: unknown } {
  return example === undefined ? {} : { example }
}
