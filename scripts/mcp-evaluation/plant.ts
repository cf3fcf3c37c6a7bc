/**
 * The plant of the evaluation: the demo plant, and a press shop whose six presses report for seventeen days. Every sample
 * is a function of its time, so that the answers can be computed without the hub.
 */
import type { ConceptDescription, DataTypeDefXsd, Environment, Property, Submodel } from '../../src/model/types.ts'
import { BASE, OPERATIONAL_DATA, plant } from '../demo/plant.ts'

/** Thursday noon in Seoul; the Monday before it begins at 2026-11-22T15:00Z there. */
export const NOW = Date.parse('2026-11-26T03:00:00Z')
export const START = Date.parse('2026-11-09T00:00:00Z')
const STEP_MS = 300_000
export const PRESSES = [1, 2, 3, 4, 5, 6] as const
export type Press = (typeof PRESSES)[number]

/** Press 3 needs more current from here on. */
export const RISE = Date.parse('2026-11-23T00:00:00Z')
/** Press 5 sends nothing between these. */
export const PRESS_5_GAP = { from: Date.parse('2026-11-18T10:00:00Z'), to: Date.parse('2026-11-18T14:00:00Z') }
/** Press 6 is hottest here. */
export const HOTTEST = { time: Date.parse('2026-11-20T12:25:00Z'), value: 71.5 }

export const STATES: readonly (readonly [time: string, state: string])[] = [
  ['2026-11-09T00:00:00Z', 'running'],
  ['2026-11-16T04:00:00Z', 'setup'],
  ['2026-11-16T06:30:00Z', 'running'],
  ['2026-11-24T01:15:00Z', 'stopped'],
  ['2026-11-24T02:00:00Z', 'running'],
  ['2026-11-25T21:40:00Z', 'setup']
]

export interface Sample {
  readonly time: number
  readonly value: number
}

const ticks = (press: Press) =>
  Array.from({ length: (NOW - START) / STEP_MS }, (_, index) => START + index * STEP_MS).filter(
    (time) => press !== 5 || time <= PRESS_5_GAP.from || time >= PRESS_5_GAP.to
  )

const noise = (press: Press, index: number) => ((index * 7919 + press * 104_729) % 1000) / 1000 - 0.5
const rounded = (value: number) => Math.round(value * 1000) / 1000
const indexOf = (time: number) => (time - START) / STEP_MS

const quantities = {
  /** Amperes. */
  MotorCurrent: (press: Press, time: number) => {
    const usual = 20 + press + Math.sin(indexOf(time) / 50) + noise(press, indexOf(time))
    return rounded(press === 3 && time >= RISE ? usual + 8 : usual)
  },
  /** Degrees. */
  OilTemperature: (press: Press, time: number) =>
    press === 6 && time === HOTTEST.time
      ? HOTTEST.value
      : rounded(45 + press + 4 * Math.sin(indexOf(time) / 288) + noise(press, indexOf(time))),
  PartCount: (press: Press, time: number) => 1000 * press + 3 * indexOf(time)
} as const

export type Quantity = keyof typeof quantities

export function samplesOf(press: Press, quantity: Quantity): readonly Sample[] {
  return ticks(press).map((time) => ({ time, value: quantities[quantity](press, time) }))
}

export const machineOf = (press: Press) => `Press0${press}`
export const operationalDataOf = (press: Press) => `${BASE}/sm/press-0${press}/operational-data`
export const NAMEPLATE = `${BASE}/sm/press-04/nameplate`
export const CYCLES = { start: '2026-11-25T03:00:00Z', stepMs: 1000, values: [12.7, 12.8, 12.6, 13.1, 12.2, 11.9] }

export function evaluationPlant(): Environment {
  const demo = plant()
  return {
    assetAdministrationShells: [...(demo.assetAdministrationShells ?? []), ...PRESSES.map(shell)],
    submodels: [...(demo.submodels ?? []), ...PRESSES.map(operationalData), nameplate],
    conceptDescriptions: [...(demo.conceptDescriptions ?? []), ...concepts]
  }
}

/** Bodies for `POST /ingest`. */
export function pushes(): readonly object[] {
  const columns = PRESSES.map((press) => ({
    submodel: operationalDataOf(press),
    samples: (Object.keys(quantities) as Quantity[]).flatMap((path) => columnsOf(path, samplesOf(press, path)))
  }))
  const states = STATES.map(([time, value]) => ({ path: 'State', time, value }))
  const { start, stepMs: step, values } = CYCLES
  return [
    ...columns,
    { submodel: operationalDataOf(2), samples: states },
    { submodel: OPERATIONAL_DATA, samples: [{ path: 'CycleTime', start, step, values }] }
  ]
}

/** A column covers thirteen days at most. */
const SAMPLES_PER_COLUMN = 3000

function columnsOf(path: string, samples: readonly Sample[]): object[] {
  const some = samples.slice(0, SAMPLES_PER_COLUMN)
  if (some.length === 0) return []
  const column = { path, times: some.map(({ time }) => time), values: some.map(({ value }) => value) }
  return [column, ...columnsOf(path, samples.slice(SAMPLES_PER_COLUMN))]
}

/** The file of the setting `COLLECTION_PLAN`. */
export function collectionPlan(): string {
  const row = (press: Press, element: string) =>
    `Pressing,${machineOf(press)},${operationalDataOf(press)},${element},,automatic,5m`
  const rows = [...PRESSES.map((press) => row(press, 'MotorCurrent')), row(6, 'Vibration')]
  return ['process,machine,submodel,element,kind,method,period', ...rows, ''].join('\n')
}

// ---- documents

const external = (value: string) => ({
  type: 'ExternalReference' as const,
  keys: [{ type: 'GlobalReference' as const, value }]
})
const means = (concept: string) => external(`${BASE}/cd/${concept}`)

const concepts = [
  concept('MotorCurrent', 'motor current', '모터 전류', 'A'),
  concept('OilTemperature', 'oil temperature', '유온', '°C'),
  concept('PartCount', 'part count', '생산 수량', '1')
]

function concept(idShort: string, english: string, korean: string, unit: string): ConceptDescription {
  return {
    ...{ modelType: 'ConceptDescription', id: `${BASE}/cd/${idShort}`, idShort },
    embeddedDataSpecifications: [
      {
        dataSpecification: external('https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIec61360/3'),
        dataSpecificationContent: {
          modelType: 'DataSpecificationIec61360',
          preferredName: [
            { language: 'en', text: english },
            { language: 'ko', text: korean }
          ],
          unit,
          definition: [{ language: 'en', text: english }]
        }
      }
    ]
  }
}

function shell(press: Press) {
  const reference = (value: string) => ({
    type: 'ModelReference' as const,
    keys: [{ type: 'Submodel' as const, value }]
  })
  return {
    ...{ modelType: 'AssetAdministrationShell' as const, id: `${BASE}/aas/press-0${press}`, idShort: machineOf(press) },
    displayName: [
      { language: 'en', text: `Servo press ${press}` },
      { language: 'ko', text: `서보 프레스 ${press}호기` }
    ],
    assetInformation: { assetKind: 'Instance' as const, globalAssetId: `${BASE}/asset/press-0${press}` },
    submodels: [reference(operationalDataOf(press)), ...(press === 4 ? [reference(NAMEPLATE)] : [])]
  }
}

function operationalData(press: Press): Submodel {
  const property = (idShort: string, valueType: DataTypeDefXsd, concept?: string): Property => ({
    ...{ modelType: 'Property', idShort, valueType },
    ...(concept !== undefined && { semanticId: means(concept) })
  })
  return {
    ...{ modelType: 'Submodel', id: operationalDataOf(press), idShort: 'OperationalData' },
    semanticId: external(`${BASE}/semantics/press-data/1/0`),
    submodelElements: [
      property('State', 'xs:string'),
      property('MotorCurrent', 'xs:double', 'MotorCurrent'),
      property('OilTemperature', 'xs:double', 'OilTemperature'),
      property('PartCount', 'xs:long', 'PartCount'),
      property('Vibration', 'xs:double')
    ]
  }
}

/** Without what its template demands. */
const nameplate: Submodel = {
  ...{ modelType: 'Submodel', id: NAMEPLATE, idShort: 'Nameplate' },
  semanticId: external('https://admin-shell.io/idta/nameplate/3/0/Nameplate'),
  submodelElements: [
    {
      modelType: 'Property',
      idShort: 'SerialNumber',
      semanticId: external('0112/2///61987#ABA951#009'),
      valueType: 'xs:string',
      value: 'SP-2021-0004'
    }
  ]
}
