/** Starts mongo-java-server, which speaks the protocol of MongoDB, has change streams and keeps everything in memory. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { CACHE, exists } from '../cache.ts'
import { freePort, listens } from '../ports.ts'

const VERSION = '1.47.0'
const MAIN = fileURLToPath(new URL('./MemoryMongo.java', import.meta.url))

const START_TIMEOUT_MS = 60_000

export interface MemoryMongo {
  /** For MONGODB_URL. */
  readonly url: string
  kill(): Promise<void>
}

export interface MemoryMongoOptions {
  /** Upper bound of its memory. */
  readonly heapGib?: number
  /** Change streams keep everything in memory twice. */
  readonly hasStreams?: boolean
}

/** @throws Error without Java or Maven */
export async function startMemoryMongo({
  heapGib = 2,
  hasStreams = true
}: MemoryMongoOptions = {}): Promise<MemoryMongo> {
  const libraries = await fetchLibraries()
  const port = await freePort()
  const args = [`-Xmx${heapGib}g`, '-cp', join(libraries, '*'), MAIN, String(port), ...(hasStreams ? ['streams'] : [])]
  const server = spawn('java', args, { stdio: 'ignore' })
  process.once('exit', () => server.kill('SIGKILL'))
  const ended = once(server, 'exit').then(([code]) => {
    throw new Error(`mongo-java-server ended with ${code}`)
  })
  ended.catch(() => {})
  await Promise.race([listens(port, START_TIMEOUT_MS), ended])
  return {
    url: `mongodb://127.0.0.1:${port}/`,
    kill: async () => {
      server.kill('SIGKILL')
      await ended.catch(() => {})
    }
  }
}

/** The folder of its libraries, which are fetched from Maven Central once. */
async function fetchLibraries(): Promise<string> {
  const libraries = join(CACHE, `mongo-java-server-${VERSION}`)
  if (await exists(libraries)) return libraries
  console.error(`Fetching mongo-java-server ${VERSION}; this is done once`)
  await mkdir(CACHE, { recursive: true })
  const folder = await mkdtemp(join(tmpdir(), 'mongo-java-server-'))
  try {
    await writeFile(join(folder, 'pom.xml'), project())
    const target = join(CACHE, `mongo-java-server-${process.pid}`)
    const goal = ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${target}`]
    await promisify(execFile)('mvn', goal, { cwd: folder, maxBuffer: 16 * 1024 * 1024 })
    // Another process may fetch them at the same time; the first one wins.
    await rename(target, libraries).catch(() => rm(target, { recursive: true, force: true }))
    return libraries
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function project(): string {
  const it = '<groupId>local</groupId><artifactId>libraries</artifactId><version>1</version>'
  const needed = `<groupId>de.bwaldvogel</groupId><artifactId>mongo-java-server</artifactId><version>${VERSION}</version>`
  const dependencies = `<dependencies><dependency>${needed}</dependency></dependencies>`
  return `<project><modelVersion>4.0.0</modelVersion>${it}${dependencies}</project>`
}
