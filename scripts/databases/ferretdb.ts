/** Starts a FerretDB on a free port, with its data in a directory. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { freePort, listens } from '../ports.ts'
import { buildFerretdb } from './ferretdb-build.ts'

export interface Ferretdb {
  /** For MONGODB_URL. */
  readonly url: string
  /** Ends it at once, like a power failure; what it acknowledged is in the directory. */
  kill(): Promise<void>
  /** At the same address. */
  restart(): Promise<void>
}

const START_TIMEOUT_MS = 20_000

export interface FerretdbOptions {
  /** Files (PEM) of a certificate and its key; then it accepts TLS only. */
  readonly certificate?: string
  readonly key?: string
  /** The only user with access. */
  readonly user?: { readonly name: string; readonly password: string }
}

export async function startFerretdb(directory: string, options: FerretdbOptions = {}): Promise<Ferretdb> {
  const program = await buildFerretdb()
  await mkdir(directory, { recursive: true })
  const port = await freePort()
  let server = await start(program, directory, port, options)
  const kill = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    await ended
  }
  // The process that started it may end in any way.
  process.once('exit', () => server.kill('SIGKILL'))
  return {
    url: `mongodb://127.0.0.1:${port}/`,
    kill,
    restart: async () => {
      server = await start(program, directory, port, options)
    }
  }
}

async function start(
  program: string,
  directory: string,
  port: number,
  { certificate, key, user }: FerretdbOptions
): Promise<ChildProcess> {
  const address = `127.0.0.1:${port}`
  const server = spawn(
    program,
    [
      '--handler=sqlite',
      `--sqlite-url=file:${directory}/`,
      `--state-dir=${directory}`,
      ...(certificate === undefined
        ? [`--listen-addr=${address}`]
        : [
            '--listen-addr=',
            `--listen-tls=${address}`,
            `--listen-tls-cert-file=${certificate}`,
            `--listen-tls-key-file=${key}`
          ]),
      ...(user === undefined
        ? []
        : [
            '--test-enable-new-auth',
            '--setup-database=admin',
            `--setup-username=${user.name}`,
            `--setup-password=${user.password}`
          ]),
      '--debug-addr=-',
      '--telemetry=disable',
      '--log-level=error'
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] }
  )
  const failed = once(server, 'exit').then(([code]) => {
    throw new Error(`FerretDB ended with ${code}`)
  })
  failed.catch(() => {})
  await Promise.race([listens(port, START_TIMEOUT_MS), failed])
  return server
}
