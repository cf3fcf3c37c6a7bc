/** The shipped program in a process of its own, to be used from outside and to be killed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { SettingName } from '../src/config.ts'

const PROGRAM = fileURLToPath(new URL('../src/cli.ts', import.meta.url))
const running = new Set<ChildProcess>()
// Whoever started them may end in any way.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export interface HubProcess {
  readonly url: string
  readonly api: string
  /** SIGKILL unless told otherwise: no handler runs, nothing is flushed. Resolves when it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>
}

/**
 * Resolves when it listens.
 * @param program where it is not the one that lies here
 * @throws Error with what it said where it ended before
 */
export async function startHub(settings: Partial<Record<SettingName, string>>, program = PROGRAM): Promise<HubProcess> {
  // Without what a test runner puts into the environment of Node.
  const env = {
    PATH: process.env.PATH,
    HOST: '127.0.0.1',
    PORT: '0',
    LOG_LEVEL: 'info',
    LOG_FORMAT: 'json',
    ...settings
  }
  const child = spawn(process.execPath, [program, 'serve'], { stdio: ['ignore', 'pipe', 'inherit'], env })
  running.add(child)
  child.once('exit', () => running.delete(child))
  const url = await listening(child)
  return {
    url,
    api: `${url}/api/v3`,
    kill: async (signal = 'SIGKILL') => {
      if (!running.has(child)) return
      const ended = once(child, 'exit')
      child.kill(signal)
      await ended
    }
  }
}

async function listening({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('The output of the hub is not read')
  const lines: string[] = []
  for await (const line of createInterface({ input: stdout })) {
    lines.push(line)
    const url = /Listening on (http:\/\/[^"\s]+)/.exec(line)?.[1]
    if (url === undefined) continue
    stdout.resume()
    return url
  }
  throw new Error(`The hub did not start: ${lines.join('\n')}`)
}
