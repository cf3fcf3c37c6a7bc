/** Asset Interfaces Description (IDTA 02017 1.1) and Mapping Configuration (IDTA 02027 2.0) of an interface. */
import type { DataTypeDefXsd, Reference, Submodel, SubmodelElement } from '../../../model/types.ts'
import {
  collection,
  globalReference,
  type KeyStep,
  list,
  modelReference,
  property,
  range,
  referenceElement
} from './elements.ts'
import { type InterfaceDraft, type PointDraft, toIdShort, type ValueDraft } from './interface-draft.ts'

const AID = 'https://admin-shell.io/idta/AssetInterfacesDescription/1/0'
const AIMC = 'https://admin-shell.io/idta/AssetInterfacesMappingConfiguration'
const TD = 'https://www.w3.org/2019/wot/td'
const JSON_SCHEMA = 'https://www.w3.org/2019/wot/json-schema'
const HYPERMEDIA = 'https://www.w3.org/2019/wot/hypermedia'
const SECURITY = `${TD}#hasSecurityConfiguration`

/** A source and the element that it is mapped to. */
interface Mapping {
  readonly source: Reference
  readonly sink: Reference
  readonly pollingS?: number | undefined
}

export interface InterfaceSubmodels {
  readonly description: Submodel
  readonly configuration: Submodel
}

export function interfaceSubmodels(draft: InterfaceDraft, operationalData: string): InterfaceSubmodels {
  const id = `${draft.ids}/AssetInterfacesDescription`
  const properties: SubmodelElement[] = []
  const actions: SubmodelElement[] = []
  const mappings: Mapping[] = []
  const to = (kind: string, steps: readonly KeyStep[]) =>
    modelReference(id, [...[draft.idShort, 'InteractionMetadata', kind].map(smc), ...steps])
  for (const point of draft.points) {
    const idShort = nameOf(point.path)
    properties.push(affordance(idShort, point, id, draft))
    const sink = point.path.map(smc)
    for (const { source, target } of leavesOf(point.value, [smc(idShort)], sink)) {
      mappings.push({
        ...{ source: to('properties', source), sink: modelReference(operationalData, target) },
        pollingS: point.pollingS
      })
    }
  }
  for (const action of draft.actions ?? []) {
    const idShort = nameOf(action.path)
    const title = property('title', `${TD}#title`, action.title)
    actions.push(collection(idShort, [`${TD}#ActionAffordance`], [title, form(action, id, draft)]))
    const sink: KeyStep[] = action.path.map((name, at) => [at === action.path.length - 1 ? 'Operation' : SMC, name])
    mappings.push({ source: to('actions', [smc(idShort)]), sink: modelReference(operationalData, sink) })
  }
  return {
    description: {
      ...{ modelType: 'Submodel', id, idShort: 'AssetInterfacesDescription', kind: 'Instance' },
      semanticId: globalReference('https://admin-shell.io/idta/AssetInterfacesDescription/1/1/Submodel'),
      submodelElements: [
        collection(
          draft.idShort,
          [`${AID}/Interface`, draft.vocabulary, TD],
          [
            property('title', `${TD}#title`, draft.title),
            endpoint(draft, id),
            collection(
              'InteractionMetadata',
              [`${AID}/InteractionMetadata`, `${TD}#InteractionAffordance`],
              [
                collection('properties', `${TD}#PropertyAffordance`, properties),
                ...(actions.length > 0 ? [collection('actions', `${TD}#ActionAffordance`, actions)] : [])
              ]
            )
          ]
        )
      ]
    },
    configuration: configurationOf(`${draft.ids}/AssetInterfacesMappingConfiguration`, mappings)
  }
}

const SMC = 'SubmodelElementCollection'

function smc(idShort: string): KeyStep {
  return [SMC, idShort]
}

/** All properties of an interface are in one collection: their names have their collections in front. */
function nameOf(path: readonly string[]): string {
  return toIdShort(path.join('_'))
}

function endpoint({ base, contentType, security, endpoint: further = [], idShort }: InterfaceDraft, id: string) {
  return collection('EndpointMetadata', `${AID}/EndpointMetadata`, [
    property('base', `${TD}#baseURI`, base, 'xs:anyURI'),
    property('contentType', `${HYPERMEDIA}#forContentType`, contentType),
    securityList(security, id, idShort),
    collection('securityDefinitions', `${TD}#definesSecurityScheme`, security),
    ...further
  ])
}

function securityList(schemes: readonly SubmodelElement[], id: string, idShort: string): SubmodelElement {
  const references = schemes.map((scheme) =>
    referenceElement(
      undefined,
      SECURITY,
      modelReference(id, [idShort, 'EndpointMetadata', 'securityDefinitions', scheme.idShort ?? ''].map(smc))
    )
  )
  return list('security', SECURITY, 'ReferenceElement', references)
}

function form(
  { href, form: further = {} }: { readonly href: string; readonly form?: Readonly<Record<string, string>> },
  id: string,
  { security, idShort }: InterfaceDraft
): SubmodelElement {
  return collection('forms', `${TD}#hasForm`, [
    property('href', `${HYPERMEDIA}#hasTarget`, href),
    securityList(security, id, idShort),
    ...Object.entries(further).map(([name, value]) => property(name, [], value))
  ])
}

function affordance(idShort: string, point: PointDraft, id: string, draft: InterfaceDraft): SubmodelElement {
  return collection(
    idShort,
    [`${AID}/PropertyDefinition`, `${TD}#name`],
    [
      property('title', `${TD}#title`, point.title),
      property('observable', `${TD}#isObservable`, 'true', 'xs:boolean'),
      ...valueMembers(point.value),
      form(point, id, draft)
    ]
  )
}

/** What the data schema says of a value. */
function valueMembers(value: ValueDraft): SubmodelElement[] {
  const type = (name: string) => property('type', 'https://www.w3.org/1999/02/22-rdf-syntax-ns#type', name)
  if (value.kind === 'list') {
    const count = String(value.count)
    return [
      type('array'),
      collection('items', `${JSON_SCHEMA}#items`, [type(jsonType(value.type))]),
      range('itemsRange', [`${AID}/itemsRange`, `${JSON_SCHEMA}#minItems`, `${JSON_SCHEMA}#maxItems`], count, count)
    ]
  }
  if (value.kind === 'object') {
    const members = Array.from(value.members, ([name, member]) =>
      collection(toIdShort(name), `${JSON_SCHEMA}#propertyName`, [
        property('key', [`${AID}/key`, `${TD}#name`], name),
        ...valueMembers(member)
      ])
    )
    return [type('object'), collection('properties', `${JSON_SCHEMA}#properties`, members)]
  }
  const { unit, range: bounds } = value
  const ids = [`${AID}/minMaxRange`, `${JSON_SCHEMA}#minimum`, `${JSON_SCHEMA}#maximum`]
  return [
    type(jsonType(value.type)),
    ...(unit === undefined ? [] : [property('unit', 'https://schema.org/unitCode', unit)]),
    ...(bounds === undefined ? [] : [range('min_max', ids, String(bounds.low), String(bounds.high))])
  ]
}

function jsonType(type: DataTypeDefXsd): string {
  if (type === 'xs:boolean') return 'boolean'
  if (['xs:float', 'xs:double', 'xs:decimal'].includes(type)) return 'number'
  return /byte|short|int|long/i.test(type) ? 'integer' : 'string'
}

/** Members of a structure are mapped one by one. */
function leavesOf(
  value: ValueDraft,
  source: readonly KeyStep[],
  target: readonly KeyStep[]
): { source: readonly KeyStep[]; target: readonly KeyStep[] }[] {
  if (value.kind === 'object') {
    return [...value.members].flatMap(([name, member]) =>
      leavesOf(member, [...source, smc('properties'), smc(toIdShort(name))], [...target, smc(toIdShort(name))])
    )
  }
  const last = target.at(-1)?.[1] ?? ''
  const kind = value.kind === 'list' ? 'SubmodelElementList' : 'Property'
  return [{ source, target: [...target.slice(0, -1), [kind, last]] }]
}

function configurationOf(id: string, mappings: readonly Mapping[]): Submodel {
  const member = (name: string) => `${AIMC}/2/0/MappingConfiguration/${name}`
  const sources = mappings.map(({ source, pollingS }, at) =>
    collection(undefined, member('Source'), [
      referenceElement('Source', member('Source/Source'), source),
      ...(pollingS === undefined
        ? []
        : [property('PollingInterval', member('Source/PollingInterval'), String(pollingS), 'xs:double')]),
      property('SourceId', member('Source/SourceId'), String(at + 1))
    ])
  )
  const sinks = mappings.map(({ sink }, at) =>
    collection(undefined, member('Sink'), [
      referenceElement('Sink', member('Sink/Sink'), sink),
      property('SinkId', member('Sink/SinkId'), String(at + 1))
    ])
  )
  const configuration = collection(undefined, `${AIMC}/2/0/MappingConfiguration`, [
    list('Sources', member('Sources'), SMC, sources),
    list('Sinks', member('Sinks'), SMC, sinks)
  ])
  return {
    ...{ modelType: 'Submodel', id, idShort: 'AssetInterfacesMappingConfiguration', kind: 'Instance' },
    semanticId: globalReference(`${AIMC}/2/0/Submodel`),
    submodelElements: [
      list(
        'MappingConfigurations',
        `${AIMC}/1/0/MappingConfigurations`,
        SMC,
        mappings.length > 0 ? [configuration] : []
      )
    ]
  }
}
