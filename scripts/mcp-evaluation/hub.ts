/** The hub of the evaluation: its plant is loaded, and its clock begins at a fixed time. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../src/clock.ts'
import { readConfig } from '../../src/config/config.ts'
import { createServer } from '../../src/server.ts'
import { collectionPlan, evaluationPlant, NOW, pushes } from './plant.ts'

export interface EvaluationHub {
  readonly url: string
  close(): Promise<void>
}

/** @param directory for its data */
export async function openEvaluation(directory: string): Promise<EvaluationHub> {
  await mkdir(directory, { recursive: true })
  const [plant, plan] = [join(directory, 'plant.json'), join(directory, 'plan.csv')]
  await writeFile(plant, JSON.stringify(evaluationPlant()))
  await writeFile(plan, collectionPlan())
  const { config } = readConfig({
    ...{ HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'warn', DATA_DIR: join(directory, 'data') },
    ...{ PRELOAD: plant, COLLECTION_PLAN: plan }
  })
  const shift = NOW - systemClock.milliseconds()
  const clock = {
    ...systemClock,
    milliseconds: () => systemClock.milliseconds() + shift,
    now: () => systemClock.now() + BigInt(shift) * 1_000_000n
  }
  const server = await createServer(config, { clock })
  const url = await server.listen()
  for (const push of pushes()) {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${url}/ingest`, { method: 'POST', headers, body: JSON.stringify(push) })
    if (!response.ok) throw new Error(await response.text())
  }
  // Results of validations are written in the background.
  for (let found = 0; found === 0; ) {
    const page = (await (await fetch(`${url}${config.API_PREFIX}/validation?result=invalid`)).json()) as {
      result: unknown[]
    }
    found = page.result.length
  }
  return { url, close: () => server.close() }
}
