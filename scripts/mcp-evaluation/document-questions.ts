/** Questions about what is described and what is current. */
import { encodeId } from '../../src/model/identifier.ts'
import { BASE, OPERATIONAL_DATA } from '../demo/plant.ts'
import { column, rowsIn } from './answers.ts'
import { CYCLES, machineOf, operationalDataOf, PRESSES, samplesOf } from './plant.ts'
import type { Question } from './question.ts'

const IMM = 'InjectionMouldingMachine01'
const API = '/api/v3'
const SHELLS = `${API}/shells?limit=100`
const CONCEPTS = `${API}/concept-descriptions?limit=100`
const submodel = (id: string) => `${API}/submodels/${encodeId(id)}`
const imm = (name: string) => submodel(`${BASE}/sm/imm-01/${name}`)
const lineOf = (answer: unknown, start: string) =>
  String(answer)
    .split('\n')
    .map((line) => line.trim())
    .find((line) => line.startsWith(start))
const lastOf = (press: (typeof PRESSES)[number], quantity: 'MotorCurrent' | 'OilTemperature') =>
  samplesOf(press, quantity).at(-1)?.value ?? 0

export const documentQuestions: readonly Question[] = [
  {
    ask: 'Which machines are there?',
    calls: [['find', {}]],
    read: ([found]) => column(rowsIn(found), 'machine'),
    expected: [IMM, 'Mould07', 'LineA', ...PRESSES.map(machineOf)],
    raw: [SHELLS]
  },
  {
    ask: 'What is the asset id of press 3?',
    calls: [['find', { text: 'Press03' }]],
    read: ([found]) => rowsIn(found, 'machines')[0]?.asset,
    expected: `${BASE}/asset/press-03`,
    raw: [SHELLS]
  },
  {
    ask: 'Which machine has the inventory number IMM-01?',
    calls: [['find', { asset: 'IMM-01' }]],
    read: ([found]) => rowsIn(found)[0]?.machine,
    expected: IMM,
    raw: [SHELLS]
  },
  {
    ask: '사출성형기의 제조사는 어디입니까?',
    calls: [
      ['find', { text: '사출성형기', language: 'ko' }],
      [
        'read_values',
        ([found]) => ({ machine: [rowsIn(found, 'machines')[0]?.machine], path: ['ManufacturerName'], language: 'ko' })
      ]
    ],
    read: ([, values]) => rowsIn(values)[0]?.value,
    expected: '한솔정밀기계',
    raw: [SHELLS, imm('nameplate')]
  },
  {
    ask: 'What are the serial number and the year of construction of the injection moulding machine?',
    calls: [['read_values', { machine: [IMM], path: ['SerialNumber', 'YearOfConstruction'] }]],
    read: ([values]) => column(rowsIn(values), 'value'),
    expected: ['HX180-2024-0117', '2024'],
    raw: [SHELLS, imm('nameplate')]
  },
  {
    ask: 'With which force can the injection moulding machine clamp at most?',
    calls: [['read_values', { machine: [IMM], path: ['MaximumClampingForce'] }]],
    read: ([values]) => rowsIn(values).flatMap(({ value, unit }) => [value, unit]),
    expected: [1800, 'kN'],
    raw: [SHELLS, imm('technical-data'), CONCEPTS]
  },
  {
    ask: 'Which submodels describe the injection moulding machine?',
    calls: [['describe', { machine: IMM }]],
    read: ([tree]) => [...String(tree).matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name),
    expected: ['Nameplate', 'TechnicalData', 'OperationalData', 'Control', 'TimeSeries'],
    raw: [SHELLS, `${API}/submodels/$metadata?limit=100`]
  },
  {
    ask: '사출 압력의 단위는 무엇입니까?',
    calls: [['find', { text: '사출 압력' }]],
    read: ([found]) => rowsIn(found, 'concepts')[0]?.unit,
    expected: 'bar',
    raw: [CONCEPTS]
  },
  {
    ask: 'How many cavities does the mould have?',
    calls: [['read_values', { machine: ['Mould07'], path: ['Cavities'] }]],
    read: ([values]) => rowsIn(values)[0]?.value,
    expected: 8,
    raw: [SHELLS, submodel(`${BASE}/sm/mould-07/mould-data`)]
  },
  {
    ask: 'On which machine is the mould mounted, and since when?',
    calls: [['describe', { machine: 'Mould07', submodel: 'MouldData', path: 'MountedOnMachine' }]],
    read: ([tree]) => [String(tree).includes(`→ ${BASE}/aas/imm-01`), lineOf(tree, 'MountedSince')?.split(' = ')[1]],
    expected: [true, '2026-05-04T06:00:00Z'],
    raw: [SHELLS, submodel(`${BASE}/sm/mould-07/mould-data`)]
  },
  {
    ask: 'Which order runs on the injection moulding machine?',
    calls: [['read_values', { machine: [IMM], path: ['Order.OrderNumber'] }]],
    read: ([values]) => rowsIn(values)[0]?.value,
    expected: 'WO-2026-0511',
    raw: [SHELLS, submodel(OPERATIONAL_DATA)]
  },
  {
    ask: 'How many parts of this order are still to be made?',
    calls: [['read_values', { machine: [IMM], path: ['Order.Ordered', 'Order.Produced'] }]],
    read: ([values]) => {
      const [ordered, produced] = column(rowsIn(values), 'value')
      return Number(ordered) - Number(produced)
    },
    expected: 240_000 - 96_512,
    raw: [SHELLS, submodel(OPERATIONAL_DATA)]
  },
  {
    ask: 'Which arguments does the operation StartProduction take?',
    calls: [['describe', { machine: IMM, submodel: 'Control', path: 'StartProduction' }]],
    read: ([tree]) => lineOf(tree, 'StartProduction')?.split(' = ')[1],
    expected: 'in(OrderNumber string, Quantity unsignedInt) out(Accepted boolean)',
    raw: [SHELLS, imm('control')]
  },
  {
    ask: 'In which range may the barrel temperature be?',
    calls: [['read_values', { machine: [IMM], path: ['BarrelTemperatureRange'] }]],
    read: ([values]) => rowsIn(values).flatMap(({ value, unit }) => [value, unit]),
    expected: ['20 .. 350', '°C'],
    raw: [SHELLS, imm('technical-data'), CONCEPTS]
  },
  {
    ask: 'Which zone of the barrel is hottest now?',
    calls: [['read_values', { machine: [IMM], path: ['BarrelTemperatures'] }]],
    read: ([values]) => rowsIn(values).toSorted((one, other) => Number(other.value) - Number(one.value))[0]?.path,
    expected: 'BarrelTemperatures[3]',
    raw: [SHELLS, submodel(OPERATIONAL_DATA)]
  },
  {
    ask: 'Of which parts does line A consist?',
    calls: [['describe', { machine: 'LineA', submodel: 'HierarchicalStructures', path: 'LineA' }]],
    read: ([tree]) => [...String(tree).matchAll(/^ +(\w+): Entity/gm)].slice(1).map(([, name]) => name),
    expected: ['Machine', 'Mould', 'Robot'],
    raw: [SHELLS, submodel(`${BASE}/sm/line-a/structure`)]
  },
  {
    ask: 'Which machines have a cycle time above 10 seconds?',
    calls: [['find', { condition: { $gt: [{ $field: '$sme.CycleTime#value' }, { $numVal: 10 }] } }]],
    read: ([found]) => column(rowsIn(found), 'machine').filter((name) => name !== ''),
    expected: [IMM],
    raw: [SHELLS, `${API}/submodels?limit=100`]
  },
  {
    ask: 'Where in the plant are shots counted?',
    calls: [['find', { semanticId: 'ShotCount' }]],
    read: ([found]) => rowsIn(found, 'elements').map(({ machine, path }) => `${machine} ${path}`),
    expected: [`${IMM} ShotCount`, 'Mould07 ShotsUntilService'],
    raw: [SHELLS, `${API}/submodels?limit=100`]
  },
  {
    ask: 'Which motor current does each press have now?',
    calls: [['read_values', { semanticId: ['MotorCurrent'] }]],
    read: ([values]) => rowsIn(values).flatMap(({ machine, value, unit }) => [machine, value, unit]),
    expected: PRESSES.flatMap((press) => [machineOf(press), lastOf(press, 'MotorCurrent'), 'A']),
    raw: [SHELLS, CONCEPTS, ...PRESSES.map((press) => submodel(operationalDataOf(press)))]
  },
  {
    ask: 'Which press has the warmest oil now?',
    calls: [
      ['find', { text: 'oil' }],
      ['read_values', ([found]) => ({ semanticId: [rowsIn(found, 'concepts')[0]?.concept] })]
    ],
    read: ([, values]) => rowsIn(values).toSorted((one, other) => Number(other.value) - Number(one.value))[0]?.machine,
    expected: machineOf(
      PRESSES.toSorted((one, other) => lastOf(other, 'OilTemperature') - lastOf(one, 'OilTemperature'))[0] ?? 1
    ),
    raw: [SHELLS, CONCEPTS, ...PRESSES.map((press) => submodel(operationalDataOf(press)))]
  },
  {
    ask: 'When did press 1 last report its motor current?',
    calls: [['read_values', { machine: ['Press01'], path: ['MotorCurrent'] }]],
    read: ([values]) => Date.parse(String(rowsIn(values)[0]?.time)),
    expected: samplesOf(1, 'MotorCurrent').at(-1)?.time,
    raw: [SHELLS, `/timeseries?${new URLSearchParams({ submodel: operationalDataOf(1), path: 'MotorCurrent' })}`]
  },
  {
    ask: 'Which cycle times did the injection moulding machine have on 25 November?',
    calls: [
      [
        'query_series',
        { machine: [IMM], submodel: ['OperationalData'], path: ['CycleTime'], from: '2026-11-25', to: '2026-11-26' }
      ]
    ],
    read: ([table]) => column(rowsIn(table), `${IMM}/CycleTime [s]`),
    expected: CYCLES.values,
    raw: [SHELLS, `/timeseries?${new URLSearchParams({ submodel: OPERATIONAL_DATA, path: 'CycleTime' })}`]
  }
]
