/**
 * Executes the notebook docs/train.ipynb at a hub with the sample plant, with the key of an engineer, and looks at what the
 * hub has afterwards: predictions, model, nameplate, data set, drift. With `--write` the notebook gets the outputs of this
 * run. Needs Python.
 *
 *   node scripts/conformance/notebook.ts [--write]
 */
import { createHash } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { encodeId } from '../../src/model/identifier.ts'
import { BASE, OPERATIONAL_DATA, plant } from '../demo/plant.ts'
import { type HubProcess, startHub } from '../hub-process.ts'
import { check, conclude } from './checks.ts'
import { createKey, showing } from './keys.ts'
import { run, tool } from './python.ts'

const SCRIPT = fileURLToPath(new URL('run_notebook.py', import.meta.url))
const NOTEBOOK = fileURLToPath(new URL('../../docs/train.ipynb', import.meta.url))
const PACKAGES =
  'pandas==3.1.1 pyarrow==26.0.1 scikit-learn==1.9.1 matplotlib==3.11.2 requests==2.34.2 websockets==17.4 nbclient==0.11.0 ipykernel==7.4.0'
const MAX_NOTEBOOK_BYTES = 200_000

/** Variables of the notebook when it has ended: run_notebook.py. */
interface Facts {
  readonly results: Readonly<Record<string, number>>
  /** Number of parts in the history, and of those predicted as they were made. */
  readonly parts: number
  readonly 'predicted live': number
  readonly connections: number
  /** Number of the part after which the pressure falls. */
  readonly leak: number
  readonly alarm: { readonly part: number; readonly time: number; readonly feature: string; readonly drift: number }
  readonly sha256: string
  readonly attachment: string
  readonly prediction: string
  readonly dataset: string
  readonly nameplate: string
}

interface Table {
  readonly rows: readonly (readonly unknown[])[]
}

const { values: options } = parseArgs({ options: { write: { type: 'boolean', default: false } } })
const scratch = mkdtempSync(join(tmpdir(), 'aas-hub-notebook-'))
await conclude(execute, () => {
  rmSync(scratch, { recursive: true, force: true })
})

async function execute(): Promise<void> {
  const python = join(dirname(await tool(PACKAGES, 'python')), 'python')
  const file = join(scratch, 'plant.json')
  writeFileSync(file, JSON.stringify(plant()))
  const hub = await startHub({ DATA_DIR: join(scratch, 'data'), PRELOAD: file })
  const administrator = await createKey(hub.url, 'administrator')
  const engineer = await createKey(hub.url, 'engineer', administrator)
  const auditor = await createKey(hub.url, 'auditor', administrator)
  const executed = join(scratch, 'executed.ipynb')
  const variables = { AAS_HUB_URL: hub.url, AAS_HUB_KEY: engineer }
  const { code, output } = await run(python, [SCRIPT, NOTEBOOK, executed], variables)
  if (code !== 0) throw new Error(output)
  const facts = JSON.parse(output.trim().split('\n').at(-1) ?? '') as Facts
  checkModel(facts)
  // An auditor sees all of it, a stranger nothing.
  await checkStored(hub, facts, auditor)
  await checkSeries(hub, facts, auditor)
  await checkDrift(hub, facts, auditor)
  await checkRights(hub, facts, auditor)
  checkFile('the executed notebook', executed)
  if (options.write) copyFileSync(executed, NOTEBOOK)
  checkFile('the notebook of the documentation', NOTEBOOK)
  await hub.kill('SIGTERM')
}

function checkModel({ results }: Facts): void {
  const { 'ROC AUC': area = 0, 'average precision': precision = 0, 'share of scrap in the test': share = 1 } = results
  check('the model ranks scrap before good parts', area > 0.85, results)
  check('and is better than the share of scrap by far', precision > 4 * share, results)
}

async function checkStored(hub: HubProcess, facts: Facts, key: string): Promise<void> {
  const ask = async <Answer>(path: string) => (await get(hub, path, key)).json() as Promise<Answer>
  const submodel = (id: string) => `/api/v3/submodels/${encodeId(id)}`
  for (const id of [facts.nameplate, facts.dataset]) {
    const result = await ask<{ result: string; template: string }>(`${submodel(id)}/$validation`)
    check(`${id} is what its template asks for`, result.result === 'valid' && result.template.startsWith('AI'), result)
  }
  const nameplate = await ask<{ Version: string; Storage: string; AIDataset: unknown }>(
    `${submodel(facts.nameplate)}/$value`
  )
  const bytes = Buffer.from(await (await get(hub, nameplate.Storage, key)).arrayBuffer())
  const hash = createHash('sha256').update(bytes).digest('hex')
  check(
    'the nameplate leads to the model, whose checksum it has',
    hash === nameplate.Version && hash === facts.sha256,
    hash
  )
  check('and to the data set', JSON.stringify(nameplate.AIDataset).includes(facts.dataset), nameplate.AIDataset)
  const references = await (
    await get(hub, `/api/v3/shells/${encodeId(`${BASE}/aas/imm-01`)}/submodel-refs`, key)
  ).text()
  const all = [facts.prediction, facts.dataset, facts.nameplate]
  check(
    'the shell of the machine refers to all three',
    all.every((id) => references.includes(`"${id}"`)),
    references
  )
}

async function checkSeries(hub: HubProcess, facts: Facts, key: string): Promise<void> {
  const predicted = await columnOf(hub, facts.prediction, 'ScrapProbability', key)
  check(
    'each part of the history and each one since has a prediction',
    predicted.length === facts.parts + facts['predicted live'],
    predicted.length
  )
  check(
    'predictions are probabilities',
    predicted.every(([, value]) => Number(value) >= 0 && Number(value) <= 1)
  )
  // Also those that were made while the connection was lost.
  const made = await columnOf(hub, OPERATIONAL_DATA, 'CycleTime', key)
  const times = new Set(predicted.map(([time]) => time))
  const due = made.filter(([time]) => Date.parse(String(time)) <= facts.alarm.time)
  const missing = due.filter(([time]) => !times.has(time))
  const isComplete = due.length === predicted.length && missing.length === 0
  check('none was missed where the subscription was interrupted', facts.connections === 2 && isComplete, missing)
}

async function checkDrift(hub: HubProcess, { prediction, alarm, leak }: Facts, key: string): Promise<void> {
  const drift = (await columnOf(hub, prediction, 'Drift', key)).map(([, value]) => Number(value))
  const feature = await columnOf(hub, prediction, 'DriftingFeature', key)
  check('drift is noticed after it began, within 150 parts', alarm.part > leak && alarm.part <= leak + 150, alarm)
  check('not before', drift.length > 1 && drift.slice(0, -1).every((value) => value <= 1), drift)
  check('its last sample is above the limit', (drift.at(-1) ?? 0) > 1, drift.at(-1))
  check('the signal is named', feature.length === 1 && feature[0]?.[1] === 'InjectionPressure', feature)
}

async function checkRights(hub: HubProcess, { nameplate }: Facts, key: string): Promise<void> {
  const path = `${hub.api}/submodels/${encodeId(nameplate)}`
  const stranger = await fetch(path)
  check('without a key the nameplate is not shown', stranger.status === 401, stranger.status)
  const { status } = await fetch(path, { ...showing(key), method: 'DELETE' })
  check('an auditor does not delete it', status === 403, status)
}

/** What a reader sees without running it. */
function checkFile(what: string, path: string): void {
  const text = readFileSync(path, 'utf8')
  const { cells } = JSON.parse(text) as {
    cells: { cell_type: string; execution_count?: number | null; outputs?: { output_type: string; name?: string }[] }[]
  }
  const programs = cells.filter(({ cell_type }) => cell_type === 'code')
  const outputs = programs.flatMap(({ outputs = [] }) => outputs)
  const isRun = programs.every(({ execution_count }, index) => execution_count === index + 1)
  const isClean = outputs.every(({ output_type, name }) => output_type !== 'error' && name !== 'stderr')
  check(`${what} has the outputs of a whole run, without warnings`, isRun && isClean && outputs.length >= 10, outputs)
  check(`${what} is small`, text.length < MAX_NOTEBOOK_BYTES, text.length)
}

async function columnOf(hub: HubProcess, submodel: string, path: string, key: string): Promise<Table['rows']> {
  const query = new URLSearchParams({ submodel, path, from: '2026-05-11T21:00:00Z', format: 'json' })
  return ((await (await get(hub, `/timeseries?${query}`, key)).json()) as Table).rows
}

async function get(hub: HubProcess, path: string, key: string): Promise<Response> {
  const response = await fetch(hub.url + path, showing(key))
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response
}
