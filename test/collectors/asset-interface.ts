/** Submodels that describe interfaces of a machine, and map their properties to elements of `urn:press`. */
import { referenceToElement } from '../../src/model/reference.ts'
import type { Reference, Submodel, SubmodelElement } from '../../src/model/types.ts'
import type { InterfaceDescription } from '../../src/operations/asset-interfaces/asset-interface.ts'
import { mappingsIn } from '../../src/operations/asset-interfaces/mapping-configuration.ts'
import { interfacesOf } from '../../src/operations/asset-interfaces/stored-interfaces.ts'

/** Members of a form, or of the endpoint. */
type Members = Readonly<Record<string, string>>

export interface DescribedProperty {
  readonly form: Members
  /** Of the affordance: `type`, `unit`, … */
  readonly members?: Members
  /** Path of the element that it goes to; absent: its own name. */
  readonly sink?: string
  /** In seconds. */
  readonly interval?: number
  /** What is written to the element goes to the machine, instead of being read from it. */
  readonly isCommand?: true
}

export interface DescribedInterface {
  readonly idShort: string
  /** Vocabulary of the protocol. */
  readonly vocabulary: string
  readonly endpoint: Members
  readonly properties: Readonly<Record<string, DescribedProperty>>
  /** Security definitions by name; the first one is referred to. */
  readonly security?: Readonly<Record<string, Members>>
  /** In seconds. */
  readonly interval?: number
}

const external = (value: string): Reference => ({
  type: 'ExternalReference',
  keys: [{ type: 'GlobalReference', value }]
})

const text = (idShort: string, value: string): SubmodelElement => ({
  ...{ modelType: 'Property', idShort, valueType: 'xs:string', value }
})

const group = (idShort: string | undefined, value: SubmodelElement[]): SubmodelElement =>
  ({ modelType: 'SubmodelElementCollection', ...(idShort !== undefined && { idShort }), value }) as SubmodelElement

const list = (idShort: string, value: SubmodelElement[]): SubmodelElement => ({
  ...{ modelType: 'SubmodelElementList', idShort, orderRelevant: false },
  ...{ typeValueListElement: 'SubmodelElementCollection', value }
})

const texts = (members: Members): SubmodelElement[] => Object.entries(members).map(([name, value]) => text(name, value))

function securityOf(submodel: string, idShort: string, definitions: DescribedInterface['security']): SubmodelElement[] {
  if (definitions === undefined) return []
  const [first = ''] = Object.keys(definitions)
  const path = [idShort, 'EndpointMetadata', 'securityDefinitions', first]
  const reference: Reference = {
    type: 'ModelReference',
    keys: [
      { type: 'Submodel', value: submodel },
      ...path.map((value) => ({ type: 'SubmodelElementCollection' as const, value }))
    ]
  }
  return [
    {
      ...{ modelType: 'SubmodelElementList', idShort: 'security', orderRelevant: false },
      ...{ typeValueListElement: 'ReferenceElement', value: [{ modelType: 'ReferenceElement', value: reference }] }
    },
    group(
      'securityDefinitions',
      Object.entries(definitions).map(([name, members]) => group(name, texts(members)))
    )
  ]
}

/** The Asset Interfaces Description. */
export function description(interfaces: readonly DescribedInterface[], id = 'urn:interfaces'): Submodel {
  return {
    ...{ modelType: 'Submodel', id, idShort: 'AssetInterfacesDescription' },
    semanticId: external('https://admin-shell.io/idta/AssetInterfacesDescription/1/1/Submodel'),
    submodelElements: interfaces.map(
      ({ idShort, vocabulary, endpoint, properties, security }) =>
        ({
          ...group(idShort, [
            text('title', idShort),
            group('EndpointMetadata', [...texts(endpoint), ...securityOf(id, idShort, security)]),
            group('InteractionMetadata', [
              group(
                'properties',
                Object.entries(properties).map(([name, { form, members = {} }]) =>
                  group(name, [...texts(members), group('forms', texts(form))])
                )
              )
            ])
          ]),
          semanticId: external('https://admin-shell.io/idta/AssetInterfacesDescription/1/0/Interface'),
          supplementalSemanticIds: [external(vocabulary), external('https://www.w3.org/2019/wot/td')]
        }) as SubmodelElement
    )
  }
}

/** The Asset Interfaces Mapping Configuration: one for each interface. */
export function mapping(described: Submodel, interfaces: readonly DescribedInterface[], id = 'urn:mapping'): Submodel {
  const sinkOf = (path: string): Reference => ({
    type: 'ModelReference',
    keys: [
      { type: 'Submodel', value: 'urn:press' },
      ...path.split('.').map((value) => ({ type: 'Property' as const, value }))
    ]
  })
  const affordance = (idShort: string, name: string) =>
    referenceToElement(described, [idShort, 'InteractionMetadata', 'properties', name])
  const reference = (idShort: string, value: Reference): SubmodelElement => ({
    ...{ modelType: 'ReferenceElement', idShort, value }
  })
  const seconds = (idShort: string, value: number | undefined): SubmodelElement[] =>
    value === undefined ? [] : [{ modelType: 'Property', idShort, valueType: 'xs:double', value: String(value) }]
  return {
    ...{ modelType: 'Submodel', id, idShort: 'AssetInterfacesMappingConfiguration' },
    semanticId: external('https://admin-shell.io/idta/AssetInterfacesMappingConfiguration/2/0/Submodel'),
    submodelElements: [
      list(
        'MappingConfigurations',
        interfaces.map(({ idShort, properties, interval }) =>
          group(undefined, [
            ...seconds('DefaultPollingInterval', interval),
            list(
              'Sources',
              Object.entries(properties).map(([name, { interval: own, isCommand, sink = name }], at) =>
                group(undefined, [
                  reference('Source', isCommand ? sinkOf(sink) : affordance(idShort, name)),
                  ...seconds('PollingInterval', own),
                  text('SourceId', `s${at}`)
                ])
              )
            ),
            list(
              'Sinks',
              Object.entries(properties).map(([name, { isCommand, sink = name }], at) =>
                group(undefined, [
                  reference('Sink', isCommand ? affordance(idShort, name) : sinkOf(sink)),
                  text('SinkId', `s${at}`)
                ])
              )
            )
          ])
        )
      )
    ]
  }
}

/** An interface as the collectors get it. */
export function assetInterface(described: DescribedInterface): InterfaceDescription {
  const submodel = description([described])
  const { interfaces } = interfacesOf(mappingsIn(mapping(submodel, [described])), () => submodel)
  const [only] = interfaces
  if (only === undefined) throw new Error('The interface is of no protocol')
  return only
}

export const MODBUS = 'http://www.w3.org/2011/modbus'

/** The submodel that samples go to. */
export function press(properties: Readonly<Record<string, string>>): Submodel {
  return {
    ...{ modelType: 'Submodel', id: 'urn:press', idShort: 'Press' },
    submodelElements: Object.entries(properties).map(([idShort, valueType]) => ({
      ...{ modelType: 'Property', idShort, valueType: valueType as 'xs:double' }
    }))
  }
}
