/** The shipped program in a process of its own, to be killed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))

export interface Killable {
  readonly api: string
  /** SIGKILL: no handler runs, nothing is flushed. */
  kill(): Promise<void>
}

/** @param port where it is to be found again; any that is free unless told */
export async function startProcess(directory: string, port = 0): Promise<Killable> {
  const args = ['serve', '--port', String(port), '--data-dir', directory, '--log-level', 'info', '--log-format', 'json']
  // Without what the test runner puts into the environment of Node.
  const { NODE_OPTIONS: _, ...env } = process.env
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'], env })
  const url = await listening(child)
  return {
    api: `${url}/api/v3`,
    kill: async () => {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }
  }
}

async function listening(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the output of the hub is not read')
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /Listening on (http:\/\/[^"\s]+)/.exec(line)?.[1]
    if (url !== undefined) {
      child.stdout.resume()
      return url
    }
  }
  throw new Error('the hub ended before it listened')
}
