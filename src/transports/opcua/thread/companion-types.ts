/** The types of OPC 30270 and of OPC UA itself as they are loaded: their NodeIds by name, and the keys of references. */
import { DataType, type NodeId, ReferenceTypeIds, resolveNodeId, Variant, VariantArrayType } from 'node-opcua-client'
import type { OPCUAServer } from 'node-opcua-server'
import type { Reference } from '../../../model/types.ts'

export type AddressSpace = NonNullable<OPCUAServer['engine']['addressSpace']>

const I4AAS = 'http://opcfoundation.org/UA/I4AAS/'

/** AASKeyElementsDataType, which is of metamodel 2.0. */
const KEY_TYPES: Readonly<Record<string, number>> = {
  AnnotatedRelationshipElement: 1,
  AssetAdministrationShell: 3,
  Blob: 4,
  Capability: 5,
  ConceptDescription: 6,
  DataElement: 8,
  Entity: 9,
  BasicEventElement: 10,
  EventElement: 10,
  File: 11,
  FragmentReference: 12,
  GlobalReference: 13,
  MultiLanguageProperty: 14,
  Operation: 15,
  Property: 16,
  Range: 17,
  ReferenceElement: 18,
  RelationshipElement: 19,
  Submodel: 20,
  SubmodelElement: 21,
  SubmodelElementCollection: 22,
  SubmodelElementList: 22
}
const GLOBAL_REFERENCE = 13

/** AASKeyTypeDataType. */
const ID_SHORT = 0
const IRI = 4
const CUSTOM = 2

export class CompanionTypes {
  readonly namespace: number
  readonly #space: AddressSpace
  readonly #ids = new Map<string, NodeId>()

  constructor(space: AddressSpace) {
    this.#space = space
    this.namespace = space.getNamespaceIndex(I4AAS)
  }

  objectType(name: string): NodeId {
    return this.#find(`object ${name}`, () => this.#space.findObjectType(name, this.#namespaceOf(name)))
  }

  variableType(name: string): NodeId {
    return this.#find(`variable ${name}`, () => this.#space.findVariableType(name, 0))
  }

  dataType(name: string): NodeId {
    return this.#find(`data ${name}`, () => this.#space.findDataType(name, this.#namespaceOf(name)))
  }

  reference(name: keyof typeof ReferenceTypeIds): NodeId {
    return resolveNodeId(`i=${ReferenceTypeIds[name]}`)
  }

  /** The keys of a reference, or none. */
  keys(reference: Reference | undefined): Variant {
    const type = this.dataType('AASKeyDataType')
    const isLocal = reference?.type === 'ModelReference'
    const value = (reference?.keys ?? []).map(({ type: keyType = 'GlobalReference', value = '' }) =>
      this.#space.constructExtensionObject(type, {
        type: KEY_TYPES[keyType] ?? GLOBAL_REFERENCE,
        local: isLocal,
        value,
        idType: isLocal && !/[:/]/.test(value) ? ID_SHORT : URL.canParse(value) ? IRI : CUSTOM
      })
    )
    return new Variant({ dataType: DataType.ExtensionObject, arrayType: VariantArrayType.Array, value })
  }

  #namespaceOf(name: string): number {
    return name.startsWith('AAS') ? this.namespace : 0
  }

  #find(key: string, find: () => { readonly nodeId: NodeId } | null): NodeId {
    let id = this.#ids.get(key)
    if (id === undefined) {
      id = find()?.nodeId
      if (id === undefined) throw new Error(`The information model has no type ${key}`)
      this.#ids.set(key, id)
    }
    return id
  }
}
