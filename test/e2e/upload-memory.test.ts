import { openAsBlob } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { type HubProcess, startHub } from '../../scripts/hub-process.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { embedded } from './harness.ts'

/** Megabytes of JSON; a long run takes 900. */
const MEGABYTES = Number(process.env.UPLOAD_MEGABYTES ?? 30)
/** What an upload of any size may take beside what the hub takes anyway. */
const BOUND = 300e6

t.test(
  'an upload of any size fits in a bounded memory, and others are served meanwhile',
  { skip: embedded },
  async (t) => {
    const directory = testDirectory(t)
    const file = join(directory, 'plant.json')
    const count = await writeEnvironment(file, MEGABYTES * 1e6)
    const hub = await startHub({ DATA_DIR: join(directory, 'data') })
    t.teardown(() => hub.kill())
    const idle = await memoryOf(hub)
    let most = idle
    let looks = 0
    let isUnderWay = true
    const look = async () => {
      looks++
      most = Math.max(most, await memoryOf(hub))
      return !isUnderWay
    }
    const looking = until(look, { pollMs: 50, timeoutMs: Number.POSITIVE_INFINITY })
    const body = await openAsBlob(file)
    const reply = await fetch(`${hub.url}/upload`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' }
    })
    const report = (await reply.json()) as { created: unknown[] }
    isUnderWay = false
    await looking
    t.equal(reply.status, 201)
    t.equal(report.created.length, count, 'all of it is stored')
    t.ok(most - idle < BOUND, `${Math.round((most - idle) / 1e6)} MB above idle`)
    t.ok(looks > 3, `${looks} other requests were answered`)
  }
)

/** @returns the number of submodels in the file, which has the given size */
async function writeEnvironment(path: string, bytes: number): Promise<number> {
  const file = await open(path, 'w')
  const submodelElements = Array.from({ length: 2000 }, (_, index) => {
    return { modelType: 'Property', idShort: `P${index}`, valueType: 'xs:int', value: String(index) }
  })
  await file.write('{"submodels":[')
  let count = 0
  for (let size = 0; size < bytes; count++) {
    const text = JSON.stringify({ modelType: 'Submodel', id: `urn:${count}`, submodelElements })
    size += text.length
    await file.write(count === 0 ? text : `,${text}`)
  }
  await file.write(']}')
  await file.close()
  return count
}

async function memoryOf(hub: HubProcess): Promise<number> {
  const text = await (await fetch(`${hub.url}/metrics`)).text()
  return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1])
}
