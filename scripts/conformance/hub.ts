/** Starts a hub with the data of environment.ts on loopback, for the duration of some work. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../../src/config/config.ts'
import { createServer } from '../../src/server.ts'
import { environment } from './environment.ts'

/** @param work receives the URLs of the hub and its API */
export async function withHub(work: (url: string, api: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'aas-hub-conformance-'))
  try {
    const { config } = readConfig({
      HOST: '127.0.0.1',
      PORT: '0',
      DATA_DIR: join(directory, 'data'),
      LOG_LEVEL: 'error'
    })
    const server = await createServer(config)
    const url = await server.listen()
    const api = url + config.API_PREFIX
    const response = await fetch(`${api}/upload`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(environment)
    })
    if (response.status !== 201) throw new Error(`The data were refused: ${await response.text()}`)
    await work(url, api)
    await server.close()
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
