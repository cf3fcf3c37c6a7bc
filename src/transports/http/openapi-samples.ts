/**
 * One sample of each class that a request contains, from the sample plant (`npm run demo`): what examples replace or change
 * exists in it, and keeps the parts that other examples use; what they create does not.
 */
import { toValue } from '../../formats/to-value.ts'
import type {
  AssetAdministrationShell,
  AssetAdministrationShellDescriptor,
  AssetInformation,
  AssetLink,
  ConceptDescription,
  Endpoint,
  OperationRequest,
  Property,
  Reference,
  SpecificAssetId,
  Submodel,
  SubmodelDescriptor
} from '../../model/types.ts'

const BASE = 'https://plant.example'

/** Ids in the sample plant; `new` ones are not in it. */
export const ids = {
  asset: `${BASE}/asset/imm-01`,
  shell: `${BASE}/aas/imm-01`,
  newShell: `${BASE}/aas/imm-02`,
  data: `${BASE}/sm/imm-01/operational-data`,
  newData: `${BASE}/sm/imm-02/operational-data`,
  technicalData: `${BASE}/sm/imm-01/technical-data`,
  control: `${BASE}/sm/imm-01/control`,
  template: `${BASE}/smt/operational-data`,
  newTemplate: `${BASE}/smt/maintenance`,
  concept: `${BASE}/cd/CycleTime`,
  newConcept: `${BASE}/cd/MouldTemperature`
} as const

export const dataMeaning = external(`${BASE}/semantics/operational-data/1/0`)
export const inventoryNumber: SpecificAssetId & AssetLink = { name: 'inventoryNumber', value: 'IMM-01' }
export const iec61360 = external('https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIec61360/3')

export const assetInformation: AssetInformation = {
  assetKind: 'Instance',
  globalAssetId: ids.asset,
  specificAssetIds: [inventoryNumber]
}

export function shell(id: string): AssetAdministrationShell {
  if (id !== ids.shell) {
    const globalAssetId = `${BASE}/asset/imm-02`
    return {
      modelType: 'AssetAdministrationShell',
      id,
      idShort: 'InjectionMouldingMachine02',
      assetInformation: { assetKind: 'Instance', globalAssetId },
      submodels: [submodelReference(ids.newData)]
    }
  }
  const submodels = ['nameplate', 'technical-data', 'operational-data', 'control', 'time-series']
  return {
    modelType: 'AssetAdministrationShell',
    id,
    idShort: 'InjectionMouldingMachine01',
    assetInformation,
    submodels: submodels.map((name) => submodelReference(`${BASE}/sm/imm-01/${name}`))
  }
}

export function submodel(id: string): Submodel {
  const isTemplate = id === ids.template || id === ids.newTemplate
  return {
    modelType: 'Submodel',
    id,
    ...(isTemplate && { kind: 'Template' as const }),
    idShort: id === ids.newTemplate ? 'Maintenance' : 'OperationalData',
    semanticId: id === ids.newTemplate ? external(`${BASE}/semantics/maintenance/1/0`) : dataMeaning,
    submodelElements: [
      property('State', 'xs:string', 'running'),
      property('CycleTime', 'xs:double', '12.7'),
      {
        modelType: 'SubmodelElementCollection',
        idShort: 'Order',
        value: [property('OrderNumber', 'xs:string', 'WO-2026-0512'), property('Produced', 'xs:unsignedInt', '96520')]
      },
      ...(id === ids.template
        ? [{ modelType: 'File' as const, idShort: 'Drawing', contentType: 'application/pdf' }]
        : [])
    ]
  }
}

export const cycleTime = property('CycleTime', 'xs:double', '12.7')
export const newElement = property('MouldTemperature', 'xs:double', '48.5')

export function concept(id: string): ConceptDescription {
  const isNew = id === ids.newConcept
  return {
    modelType: 'ConceptDescription',
    id,
    idShort: isNew ? 'MouldTemperature' : 'CycleTime',
    embeddedDataSpecifications: [
      {
        dataSpecification: iec61360,
        dataSpecificationContent: {
          modelType: 'DataSpecificationIec61360',
          preferredName: [{ language: 'en', text: isNew ? 'mould temperature' : 'cycle time' }],
          definition: [{ language: 'en', text: isNew ? MOULD_TEMPERATURE : CYCLE_TIME }],
          unit: isNew ? '°C' : 's',
          dataType: 'REAL_MEASURE'
        }
      }
    ]
  }
}

const CYCLE_TIME = 'Time from one closing of the mould to the next'
const MOULD_TEMPERATURE = 'Temperature of the mould at the cavity'

export function submodelReference(value: string): Reference {
  return { type: 'ModelReference', keys: [{ type: 'Submodel', value }] }
}

export function shellDescriptor(id: string): AssetAdministrationShellDescriptor {
  return { id, idShort: shell(id).idShort ?? '', assetKind: 'Instance', endpoints: [endpoint('AAS-3.1', 'shells', id)] }
}

export function submodelDescriptor(id: string): SubmodelDescriptor {
  return {
    id,
    idShort: 'OperationalData',
    semanticId: dataMeaning,
    endpoints: [endpoint('SUBMODEL-3.1', 'submodels', id)]
  }
}

function endpoint(kind: string, list: string, id: string): Endpoint {
  const href = `http://edge.plant.example/api/v3/${list}/${Buffer.from(id).toString('base64url')}`
  return { interface: kind, protocolInformation: { href, endpointProtocol: 'HTTP' } }
}

const order = [property('OrderNumber', 'xs:string', 'WO-2026-0512'), property('Quantity', 'xs:unsignedInt', '1000')]

export const operationRequest: OperationRequest = {
  inputArguments: order.map((value) => ({ value })),
  clientTimeoutDuration: 'PT10S'
}

export const operationRequestValue = {
  inputArguments: Object.fromEntries(order.map((argument) => [argument.idShort, toValue(argument)])),
  clientTimeoutDuration: 'PT10S'
}

/** What the sample plant's StartProduction answers. */
const accepted = property('Accepted', 'xs:boolean', 'true')
const completed = { executionState: 'Completed', success: true } as const

export const operationResult = { ...completed, outputArguments: [{ value: accepted }] }

export const operationResultValue = { ...completed, outputArguments: { Accepted: toValue(accepted) } }

/** Of an invocation that is still running. */
export const operationStatus = { executionState: 'Running' } as const

function property(idShort: string, valueType: NonNullable<Property['valueType']>, value: string): Property {
  return { modelType: 'Property', idShort, valueType, value }
}

function external(value: string): Reference {
  return { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value }] }
}
