/**
 * The sample plant: one injection moulding line with a machine, its mould and a handling robot. All fourteen kinds of
 * submodel element occur, texts are in Korean and English, and concept descriptions give the units.
 */
import type {
  AssetAdministrationShell,
  ConceptDescription,
  DataTypeDefXsd,
  Entity,
  Environment,
  Property,
  Reference,
  RelationshipElement,
  Submodel,
  SubmodelElement
} from '../../src/model/types.ts'
import { timeSeries } from './time-series.ts'

export const BASE = 'https://plant.example'

/** Values that a machine changes: idShortPaths in the operational data, see `move` in demo.ts. */
export const OPERATIONAL_DATA = `${BASE}/sm/imm-01/operational-data`

export function plant(): Environment {
  return {
    assetAdministrationShells: [machineShell, mouldShell, lineShell],
    submodels: [
      nameplate('imm-01', machineNameplate),
      machineTechnicalData,
      operationalData,
      operationalDataTemplate,
      timeSeries(`${BASE}/sm/imm-01/time-series`),
      machineControl,
      nameplate('mould-07', mouldNameplate),
      mouldData,
      lineStructure
    ],
    conceptDescriptions: Object.values(concepts)
  }
}

// ---- concept descriptions with units (IEC 61360)

const concepts = {
  CycleTime: concept(
    'CycleTime',
    'cycle time',
    '사이클 시간',
    'REAL_MEASURE',
    's',
    'Time from one closing of the mould to the next'
  ),
  BarrelTemperature: concept(
    'BarrelTemperature',
    'barrel temperature',
    '배럴 온도',
    'REAL_MEASURE',
    '°C',
    'Temperature of a heating zone of the barrel'
  ),
  InjectionPressure: concept(
    'InjectionPressure',
    'injection pressure',
    '사출 압력',
    'REAL_MEASURE',
    'bar',
    'Hydraulic pressure at the screw while the melt is injected'
  ),
  ClampingForce: concept(
    'ClampingForce',
    'clamping force',
    '형체력',
    'REAL_MEASURE',
    'kN',
    'Force that keeps the mould closed'
  ),
  ShotCount: concept(
    'ShotCount',
    'shot count',
    '사출 횟수',
    'INTEGER_COUNT',
    '1',
    'Number of shots since the mould was built'
  ),
  PartWeight: concept('PartWeight', 'part weight', '성형품 중량', 'REAL_MEASURE', 'g', 'Weight of one moulded part')
}

function concept(
  idShort: string,
  english: string,
  korean: string,
  dataType: 'REAL_MEASURE' | 'INTEGER_COUNT',
  unit: string,
  definition: string
): ConceptDescription {
  return {
    modelType: 'ConceptDescription',
    id: `${BASE}/cd/${idShort}`,
    idShort,
    embeddedDataSpecifications: [
      {
        dataSpecification: external('https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIec61360/3'),
        dataSpecificationContent: {
          modelType: 'DataSpecificationIec61360',
          preferredName: texts(english, korean),
          unit,
          dataType,
          definition: [{ language: 'en', text: definition }]
        }
      }
    ]
  }
}

// ---- what is written on the machines

interface Plate {
  readonly manufacturer: readonly [english: string, korean: string]
  readonly designation: readonly [english: string, korean: string]
  readonly orderCode: string
  readonly serialNumber: string
  readonly year: string
  readonly contact?: { readonly phone: string; readonly email: string }
  readonly markings?: readonly string[]
}

const machineNameplate: Plate = {
  manufacturer: ['Hansol Precision Machinery', '한솔정밀기계'],
  designation: ['Injection moulding machine HX-180', '사출성형기 HX-180'],
  orderCode: 'HX-180-S4',
  serialNumber: 'HX180-2024-0117',
  year: '2024',
  contact: { phone: '+82 55 123 4567', email: 'service@hansol.example' },
  markings: ['KC', 'CE']
}

const mouldNameplate: Plate = {
  manufacturer: ['Namsan Mould & Die', '남산금형'],
  designation: ['Eight-cavity mould for bottle caps', '병뚜껑 8캐비티 금형'],
  orderCode: 'NM-8C-28',
  serialNumber: 'NM-07-8C',
  year: '2023'
}

function nameplate(asset: string, plate: Plate): Submodel {
  return {
    modelType: 'Submodel',
    id: `${BASE}/sm/${asset}/nameplate`,
    idShort: 'Nameplate',
    description: texts('Who made it, and what it is', '제조사와 제품 정보'),
    administration: { version: '1', revision: '0' },
    semanticId: external('https://admin-shell.io/idta/nameplate/3/0/Nameplate'),
    submodelElements: [
      property('URIOfTheProduct', 'xs:anyURI', `${BASE}/asset/${asset}`, external('0112/2///61987#ABN590#002')),
      {
        modelType: 'MultiLanguageProperty',
        idShort: 'ManufacturerName',
        semanticId: external('0112/2///61987#ABA565#009'),
        value: texts(...plate.manufacturer)
      },
      {
        modelType: 'MultiLanguageProperty',
        idShort: 'ManufacturerProductDesignation',
        semanticId: external('0112/2///61987#ABA567#009'),
        value: texts(...plate.designation)
      },
      {
        modelType: 'SubmodelElementCollection',
        idShort: 'AddressInformation',
        semanticId: external('https://admin-shell.io/zvei/nameplate/1/0/ContactInformations/AddressInformation'),
        value: [
          {
            modelType: 'MultiLanguageProperty',
            idShort: 'Street',
            semanticId: external('0173-1#02-AAO128#002'),
            value: texts('12 Gongdan-ro', '공단로 12')
          },
          {
            modelType: 'MultiLanguageProperty',
            idShort: 'Zipcode',
            semanticId: external('0173-1#02-AAO129#002'),
            value: texts('51573', '51573')
          },
          {
            modelType: 'MultiLanguageProperty',
            idShort: 'CityTown',
            semanticId: external('0173-1#02-AAO132#002'),
            value: texts('Changwon', '창원시')
          },
          {
            modelType: 'MultiLanguageProperty',
            idShort: 'NationalCode',
            semanticId: external('0173-1#02-AAO134#002'),
            value: texts('KR', 'KR')
          },
          ...(plate.contact === undefined ? [] : contact(plate.contact))
        ]
      },
      property('OrderCodeOfManufacturer', 'xs:string', plate.orderCode, external('0112/2///61987#ABA950#008')),
      property('SerialNumber', 'xs:string', plate.serialNumber, external('0112/2///61987#ABA951#009')),
      property('YearOfConstruction', 'xs:string', plate.year, external('0112/2///61987#ABP000#002')),
      property('DateOfManufacture', 'xs:date', `${plate.year}-03-14`, external('0112/2///61987#ABB757#007')),
      ...(plate.markings === undefined
        ? []
        : [picture('CompanyLogo', '0112/2///61987#ABP463#001'), markings(plate.markings)])
    ]
  }
}

function contact({ phone, email }: NonNullable<Plate['contact']>): SubmodelElement[] {
  return [
    {
      modelType: 'SubmodelElementCollection',
      idShort: 'Phone',
      semanticId: external('https://admin-shell.io/zvei/nameplate/1/0/ContactInformations/ContactInformation/Phone'),
      value: [
        {
          modelType: 'MultiLanguageProperty',
          idShort: 'TelephoneNumber',
          semanticId: external('0173-1#02-AAO136#002'),
          value: texts(phone, phone)
        }
      ]
    },
    {
      modelType: 'SubmodelElementCollection',
      idShort: 'Email',
      semanticId: external('0173-1#02-AAQ836#005'),
      value: [property('EmailAddress', 'xs:string', email, external('0173-1#02-AAO198#002'))]
    }
  ]
}

function markings(names: readonly string[]): SubmodelElement {
  return {
    modelType: 'SubmodelElementList',
    idShort: 'Markings',
    semanticId: external('0112/2///61360_7#AAS006#001'),
    typeValueListElement: 'SubmodelElementCollection',
    semanticIdListElement: external('0112/2///61360_7#AAS009#001'),
    value: names.map((name) => ({
      modelType: 'SubmodelElementCollection',
      semanticId: external('0112/2///61360_7#AAS009#001'),
      value: [
        property('MarkingName', 'xs:string', name, external('0112/2///61987#ABA231#009')),
        picture('MarkingFile', '0112/2///61987#ABO100#002')
      ]
    }))
  }
}

/** Its file is uploaded apart: pictures.ts. */
function picture(idShort: string, semanticId: string): SubmodelElement {
  return { modelType: 'File', idShort, semanticId: external(semanticId), contentType: 'image/svg+xml' }
}

const machineTechnicalData: Submodel = {
  modelType: 'Submodel',
  id: `${BASE}/sm/imm-01/technical-data`,
  idShort: 'TechnicalData',
  description: texts('What the machine can do', '기계 사양'),
  // A semanticId of the manufacturer: the data sheet does not fulfil the template of the IDTA.
  semanticId: external(`${BASE}/semantics/technical-data/1/0`),
  submodelElements: [
    property('MaximumClampingForce', 'xs:double', '1800', means('ClampingForce')),
    {
      modelType: 'Range',
      idShort: 'BarrelTemperatureRange',
      semanticId: means('BarrelTemperature'),
      valueType: 'xs:double',
      min: '20',
      max: '350'
    },
    property('HeatingZones', 'xs:unsignedByte', '4'),
    property('ServoDrive', 'xs:boolean', 'true'),
    property('ManualUrl', 'xs:anyURI', `${BASE}/manuals/hx-180`),
    property('WarrantyPeriod', 'xs:duration', 'P2Y'),
    {
      modelType: 'File',
      idShort: 'Drawing',
      description: texts('Dimensional drawing; PUT one to …/Drawing/attachment', '외형 치수 도면'),
      contentType: 'application/pdf'
    },
    {
      modelType: 'Blob',
      idShort: 'ControllerParameters',
      contentType: 'application/octet-stream',
      value: Buffer.from('zone1=220;zone2=225;zone3=230;zone4=235').toString('base64')
    },
    {
      modelType: 'ReferenceElement',
      idShort: 'MountedMould',
      value: modelReference('AssetAdministrationShell', `${BASE}/aas/mould-07`)
    },
    {
      modelType: 'Capability',
      idShort: 'InjectionMoulding',
      semanticId: external(`${BASE}/capability/injection-moulding`)
    }
  ]
}

// ---- what changes while it runs

const operationalData: Submodel = {
  modelType: 'Submodel',
  id: OPERATIONAL_DATA,
  idShort: 'OperationalData',
  description: texts('What the machine does right now', '현재 운전 데이터'),
  semanticId: external(`${BASE}/semantics/operational-data/1/0`),
  submodelElements: [
    property('State', 'xs:string', 'running'),
    property('CycleTime', 'xs:double', '12.4', means('CycleTime')),
    property('InjectionPressure', 'xs:float', '1185.5', means('InjectionPressure')),
    property('ClampingForce', 'xs:double', '1450', means('ClampingForce')),
    property('PartWeight', 'xs:decimal', '2.318', means('PartWeight')),
    property('ShotCount', 'xs:long', '1204377', means('ShotCount')),
    property('DoorClosed', 'xs:boolean', 'true'),
    property('LastShot', 'xs:dateTime', '2026-05-11T08:30:00Z'),
    {
      modelType: 'SubmodelElementList',
      idShort: 'BarrelTemperatures',
      displayName: texts('Barrel temperatures, from hopper to nozzle', '배럴 온도(호퍼→노즐)'),
      orderRelevant: true,
      typeValueListElement: 'Property',
      valueTypeListElement: 'xs:double',
      semanticIdListElement: means('BarrelTemperature'),
      value: ['219.8', '225.1', '230.4', '234.9'].map((value) => ({
        modelType: 'Property',
        valueType: 'xs:double',
        value
      }))
    },
    {
      modelType: 'SubmodelElementCollection',
      idShort: 'Order',
      value: [
        property('OrderNumber', 'xs:string', 'WO-2026-0511'),
        property('Ordered', 'xs:unsignedInt', '240000'),
        property('Produced', 'xs:unsignedInt', '96512'),
        {
          modelType: 'MultiLanguageProperty',
          idShort: 'Product',
          value: texts('Bottle cap, 28 mm, blue', '병뚜껑 28mm 파랑')
        }
      ]
    }
  ]
}

/** The data that every machine of the plant reports. */
const operationalDataTemplate: Submodel = {
  modelType: 'Submodel',
  id: `${BASE}/smt/operational-data`,
  idShort: 'OperationalData',
  kind: 'Template',
  description: texts('Template of the operational data of a machine', '운전 데이터 템플릿'),
  semanticId: external(`${BASE}/semantics/operational-data/1/0`),
  submodelElements: [
    property('State', 'xs:string'),
    property('CycleTime', 'xs:double', '12', means('CycleTime')),
    {
      modelType: 'SubmodelElementCollection',
      idShort: 'Order',
      value: [property('OrderNumber', 'xs:string'), property('Produced', 'xs:unsignedInt')]
    },
    { modelType: 'File', idShort: 'Drawing', contentType: 'application/pdf' }
  ]
}

const machineControl: Submodel = {
  modelType: 'Submodel',
  id: `${BASE}/sm/imm-01/control`,
  idShort: 'Control',
  description: texts('What can be asked of the machine, and what it reports', '제어 기능과 이벤트'),
  submodelElements: [
    {
      modelType: 'Operation',
      idShort: 'StartProduction',
      inputVariables: [
        { value: property('OrderNumber', 'xs:string') },
        { value: property('Quantity', 'xs:unsignedInt') }
      ],
      outputVariables: [{ value: property('Accepted', 'xs:boolean') }]
    },
    {
      modelType: 'BasicEventElement',
      idShort: 'OperationalDataChanged',
      observed: modelReference('Submodel', OPERATIONAL_DATA),
      direction: 'output',
      state: 'on',
      minInterval: 'PT1S'
    }
  ]
}

// ---- the mould and the line

const mouldData: Submodel = {
  modelType: 'Submodel',
  id: `${BASE}/sm/mould-07/mould-data`,
  idShort: 'MouldData',
  submodelElements: [
    property('Cavities', 'xs:unsignedByte', '8'),
    property('ShotsUntilService', 'xs:integer', '295623', means('ShotCount')),
    {
      modelType: 'AnnotatedRelationshipElement',
      idShort: 'MountedOnMachine',
      first: modelReference('AssetAdministrationShell', `${BASE}/aas/mould-07`),
      second: modelReference('AssetAdministrationShell', `${BASE}/aas/imm-01`),
      annotations: [property('MountedSince', 'xs:dateTime', '2026-05-04T06:00:00Z')]
    },
    {
      modelType: 'SubmodelElementList',
      idShort: 'CoolingCircuits',
      typeValueListElement: 'SubmodelElementCollection',
      value: [
        {
          modelType: 'SubmodelElementCollection',
          value: [property('FlowRate', 'xs:double', '11.2'), property('Inlet', 'xs:double', '12.5')]
        },
        {
          modelType: 'SubmodelElementCollection',
          value: [property('FlowRate', 'xs:double', '10.9'), property('Inlet', 'xs:double', '12.4')]
        }
      ]
    }
  ]
}

const lineStructure: Submodel = {
  modelType: 'Submodel',
  id: `${BASE}/sm/line-a/structure`,
  idShort: 'HierarchicalStructures',
  description: texts('Of what the line consists', '라인 구성'),
  semanticId: external('https://admin-shell.io/idta/HierarchicalStructures/1/1/Submodel'),
  submodelElements: [
    property('ArcheType', 'xs:string', 'OneDown', structure('ArcheType')),
    {
      modelType: 'Entity',
      idShort: 'LineA',
      semanticId: structure('EntryNode'),
      entityType: 'SelfManagedEntity',
      globalAssetId: `${BASE}/asset/line-a`,
      statements: [
        node('Machine', 'imm-01'),
        node('Mould', 'mould-07'),
        node('Robot'),
        hasPart('Machine'),
        hasPart('Mould'),
        hasPart('Robot')
      ]
    }
  ]
}

/** A part of the line; one without an asset of its own is managed together with the line. */
function node(idShort: string, asset?: string): Entity {
  return {
    modelType: 'Entity',
    idShort,
    semanticId: structure('Node'),
    ...(asset === undefined
      ? { entityType: 'CoManagedEntity' }
      : { entityType: 'SelfManagedEntity', globalAssetId: `${BASE}/asset/${asset}` })
  }
}

function hasPart(part: string): RelationshipElement {
  return {
    modelType: 'RelationshipElement',
    idShort: `HasPart${part}`,
    semanticId: structure('HasPart'),
    first: inLine(),
    second: inLine(part)
  }
}

function structure(term: string): Reference {
  return external(`https://admin-shell.io/idta/HierarchicalStructures/${term}/1/0`)
}

const machineShell = shell('imm-01', 'InjectionMouldingMachine01', 'Injection moulding machine', '사출성형기', [
  'nameplate',
  'technical-data',
  'operational-data',
  'control',
  'time-series'
])
const mouldShell = shell('mould-07', 'Mould07', 'Mould for bottle caps', '병뚜껑 금형', ['nameplate', 'mould-data'])
const lineShell = shell('line-a', 'LineA', 'Moulding line A', '성형 라인 A', ['structure'])

function shell(
  asset: string,
  idShort: string,
  english: string,
  korean: string,
  submodels: readonly string[]
): AssetAdministrationShell {
  return {
    modelType: 'AssetAdministrationShell',
    id: `${BASE}/aas/${asset}`,
    idShort,
    displayName: texts(english, korean),
    assetInformation: {
      assetKind: 'Instance',
      globalAssetId: `${BASE}/asset/${asset}`,
      specificAssetIds: [{ name: 'inventoryNumber', value: asset.toUpperCase() }]
    },
    submodels: submodels.map((name) => modelReference('Submodel', `${BASE}/sm/${asset}/${name}`))
  }
}

// ---- helpers

function texts(english: string, korean: string): { language: string; text: string }[] {
  return [
    { language: 'en', text: english },
    { language: 'ko', text: korean }
  ]
}

function property(idShort: string, valueType: DataTypeDefXsd, value?: string, semanticId?: Reference): Property {
  return {
    modelType: 'Property',
    idShort,
    ...(semanticId === undefined ? {} : { semanticId }),
    valueType,
    ...(value === undefined ? {} : { value })
  }
}

function means(concept: keyof typeof concepts): Reference {
  return external(`${BASE}/cd/${concept}`)
}

function external(value: string): Reference {
  return { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value }] }
}

function modelReference(type: 'AssetAdministrationShell' | 'Submodel', value: string): Reference {
  return { type: 'ModelReference', keys: [{ type, value }] }
}

/** The line, or a part of it. */
function inLine(part?: string): Reference {
  const line = [
    { type: 'Submodel', value: `${BASE}/sm/line-a/structure` },
    { type: 'Entity', value: 'LineA' }
  ] as const
  return { type: 'ModelReference', keys: part === undefined ? [...line] : [...line, { type: 'Entity', value: part }] }
}
