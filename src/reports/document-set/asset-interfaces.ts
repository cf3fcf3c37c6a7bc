/** Interfaces of the asset that its submodels of the template Asset Interfaces Description (IDTA 02017) describe. */
import type { Submodel, SubmodelElement } from '../../model/types.ts'
import { type Container, childrenOf } from '../../model/walk.ts'

export interface AssetInterface {
  readonly submodel: string
  readonly name: string
  /** `MQTT`, `Modbus`, `HTTP`, `OPC UA`; else the scheme of its address. */
  readonly protocol: string
  readonly base: string
  readonly security: readonly string[]
  readonly properties: readonly InterfaceProperty[]
}

interface InterfaceProperty {
  /** Names from the interface down, joined by dots. */
  readonly name: string
  readonly type: string
  readonly unit: string
  /** Address below the base, or topic. */
  readonly href: string
  readonly contentType: string
}

const TEMPLATE = /^https:\/\/admin-shell\.io\/idta\/AssetInterfacesDescription\//

export function assetInterfacesOf(submodels: readonly Submodel[]): AssetInterface[] {
  return submodels
    .filter(({ semanticId }) => TEMPLATE.test(semanticId?.keys?.[0]?.value ?? ''))
    .flatMap((submodel) =>
      childrenOf(submodel)
        .filter((element) => member(element, 'EndpointMetadata') !== undefined)
        .map((element) => interfaceOf(element, submodel))
    )
}

function interfaceOf(element: SubmodelElement, submodel: Submodel): AssetInterface {
  const endpoint = member(element, 'EndpointMetadata')
  const base = text(endpoint, 'base')
  const interaction = member(element, 'InteractionMetadata')
  return {
    submodel: submodel.idShort ?? submodel.id,
    name: text(element, 'title') || (element.idShort ?? ''),
    protocol: protocolOf(element, base),
    base,
    security: childrenOf(member(endpoint, 'securityDefinitions') ?? element).flatMap((scheme) => {
      const name = text(scheme, 'scheme')
      return name === '' ? [] : [name]
    }),
    properties: propertiesOf(member(interaction, 'properties'), '', text(endpoint, 'contentType'))
  }
}

/** Properties and, below those that are objects, their members; those without a form of their own take that above. */
function propertiesOf(
  container: SubmodelElement | undefined,
  prefix: string,
  contentType: string,
  above = ''
): InterfaceProperty[] {
  if (container === undefined) return []
  return childrenOf(container).flatMap((property) => {
    const name = prefix + (text(property, 'key') || (property.idShort ?? ''))
    const form = member(property, 'forms') ?? member(property, 'form')
    const href = text(form, 'href') || above
    const type = text(form, 'contentType') || contentType
    const nested = propertiesOf(member(property, 'properties'), `${name}.`, type, href)
    if (nested.length > 0) return nested
    return [{ name, type: text(property, 'type'), unit: text(property, 'unit'), href, contentType: type }]
  })
}

/** By the vocabulary of the binding, else by the address; of each the spellings in use. */
const PROTOCOLS: Readonly<Record<string, { readonly vocabulary: RegExp; readonly address: RegExp }>> = {
  MQTT: { vocabulary: /mqtt/i, address: /^mqtts?:/i },
  Modbus: { vocabulary: /modbus/i, address: /^modbus/i },
  'OPC UA': { vocabulary: /opc-?ua/i, address: /^opc\./i },
  HTTP: { vocabulary: /2011\/http/i, address: /^https?:/i }
}

function protocolOf({ supplementalSemanticIds = [], idShort = '' }: SubmodelElement, base: string): string {
  const ids = supplementalSemanticIds.map((reference) => reference.keys?.[0]?.value ?? '')
  const protocols = Object.entries(PROTOCOLS)
  const found =
    protocols.find(([, { vocabulary }]) => ids.some((id) => vocabulary.test(id))) ??
    protocols.find(([, { address }]) => address.test(base))
  return found?.[0] ?? (idShort.replace(/^Interface_?/i, '') || '-')
}

function member(container: Container | undefined, idShort: string): SubmodelElement | undefined {
  return container && childrenOf(container).find((child) => child.idShort?.toLowerCase() === idShort.toLowerCase())
}

/** The value of a Property; '' where there is none. */
function text(container: Container | undefined, idShort: string): string {
  const found = member(container, idShort)
  return found?.modelType === 'Property' ? (found.value ?? '') : ''
}
