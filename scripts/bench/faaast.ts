/**
 * FA³ST Service as a peer, in a process of its own on loopback, with its environment in a file. It is downloaded from Maven
 * Central into the cache.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { publishedProgram } from '../conformance/java.ts'
import { freePort } from '../ports.ts'
import { startPeer } from './peer.ts'
import { type Taken, takenBy } from './processes.ts'

const VERSION = '1.3.0'
const JAVA = 'de.fraunhofer.iosb.ilt.faaast.service'

/** A machine with other load takes long to start a Java program. */
const START_SECONDS = 120

export interface Faaast {
  readonly url: string
  readonly pid: number
  readonly version: string
  taken(): Promise<Taken>
  stop(): Promise<void>
}

/** @param directory for its configuration and data */
export async function startFaaast(directory: string): Promise<Faaast> {
  const program = await publishedProgram(`${JAVA}:starter:${VERSION}`)
  const port = await freePort()
  const [config, data] = ['config.json', 'data'].map((name) => resolve(directory, name)) as [string, string]
  await mkdir(data)
  await writeFile(config, JSON.stringify(configuration(port, data)))
  const url = `http://127.0.0.1:${port}/api/v3.0`
  const { pid, stop } = await startPeer({
    ...{ title: 'FA³ST Service', program: 'java', cwd: directory },
    args: ['-jar', program, '--empty-model', '--config', config],
    ...{ url: `${url}/shells`, seconds: START_SECONDS }
  })
  return { url, pid, version: VERSION, taken: () => takenBy(pid), stop }
}

function configuration(port: number, dataDir: string) {
  const http = { '@class': `${JAVA}.endpoint.http.HttpEndpoint`, port, sslEnabled: false, sniEnabled: false }
  return {
    core: {},
    endpoints: [http],
    persistence: { '@class': `${JAVA}.persistence.file.PersistenceFile`, dataDir, keepInitial: false },
    messageBus: { '@class': `${JAVA}.messagebus.internal.MessageBusInternal` }
  }
}
