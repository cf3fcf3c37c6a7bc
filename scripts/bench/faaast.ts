/**
 * FA³ST Service as a peer, in a process of its own on loopback, with its environment in a file. It is downloaded from Maven
 * Central into the cache.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { publishedProgram } from '../conformance/java.ts'
import { freePort } from '../ports.ts'
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

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** @param directory for its configuration and data */
export async function startFaaast(directory: string): Promise<Faaast> {
  const program = await publishedProgram(`${JAVA}:starter:${VERSION}`)
  const port = await freePort()
  const [config, data] = ['config.json', 'data'].map((name) => resolve(directory, name)) as [string, string]
  await mkdir(data)
  await writeFile(config, JSON.stringify(configuration(port, data)))
  const options = ['-jar', program, '--empty-model', '--config', config]
  const child = spawn('java', options, { stdio: 'ignore', cwd: directory })
  running.add(child)
  const ended = once(child, 'exit').then(() => running.delete(child))
  const url = `http://127.0.0.1:${port}/api/v3.0`
  await untilAnswered(`${url}/shells`, child)
  return {
    url,
    pid: child.pid ?? 0,
    version: VERSION,
    taken: () => takenBy(child.pid),
    stop: async () => {
      child.kill('SIGKILL')
      await ended
    }
  }
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

async function untilAnswered(url: string, child: ChildProcess): Promise<void> {
  for (let second = 0; second < START_SECONDS && child.exitCode === null; second++) {
    const isUp = await fetch(url).then(
      ({ ok }) => ok,
      () => false
    )
    if (isUp) return
    await sleep(1000)
  }
  throw new Error('FA³ST Service did not start')
}
