/** Questions of auditors, and for those who want all of the data. */
import { encodeId } from '../../src/model/identifier.ts'
import { BASE } from '../demo/plant.ts'
import { column, rowsIn } from './answers.ts'
import { machineOf, NAMEPLATE } from './plant.ts'
import type { Question } from './question.ts'

type Results = { readonly results: readonly Readonly<Record<string, unknown>>[] }

export const auditQuestions: readonly Question[] = [
  {
    ask: 'Which submodels are not valid?',
    calls: [['check_validation', {}]],
    read: ([answer]) => (answer as Results).results.map(({ submodel }) => submodel),
    expected: [NAMEPLATE],
    raw: ['/api/v3/validation?limit=100']
  },
  {
    ask: 'What is missing in the nameplate of press 4? Begin with the manufacturer.',
    calls: [['check_validation', { machine: 'Press04', submodel: 'Nameplate' }]],
    read: ([answer]) =>
      column(rowsIn((answer as Results).results[0]), 'text').some((text) => /ManufacturerName/.test(String(text))),
    expected: true,
    raw: [`/api/v3/submodels/${encodeId(NAMEPLATE)}/$validation`]
  },
  {
    ask: 'Which planned points deliver nothing?',
    calls: [['check_collection', { verdict: 'silent' }]],
    read: ([answer]) => rowsIn(answer).map(({ machine, path }) => `${machine} ${path}`),
    expected: [`${machineOf(6)} Vibration`],
    raw: ['/collection-points?limit=100']
  },
  {
    ask: 'Where can I download all motor currents as Parquet?',
    calls: [['export_link', { semanticId: ['MotorCurrent'], format: 'parquet' }]],
    read: ([answer]) => Object.fromEntries(new URL(String((answer as { url: unknown }).url)).searchParams).semanticId,
    expected: `${BASE}/cd/MotorCurrent`,
    raw: ['/api/v3/concept-descriptions?limit=100', '/openapi.json']
  }
]
