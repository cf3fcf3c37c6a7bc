/** The shipped program in a process of its own, for tests that talk to it from outside or kill it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { SettingName } from '../src/config/config.ts'

const PROGRAM = fileURLToPath(new URL('../src/cli.ts', import.meta.url))
const running = new Set<ChildProcess>()
// However this process ends, it leaves no hub behind.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export interface HubProcess {
  readonly url: string
  readonly api: string
  readonly pid: number
  /** By default SIGKILL: no handler runs, nothing is flushed. Resolves when the process has exited. */
  kill(signal?: NodeJS.Signals): Promise<void>
}

/**
 * Resolves when it listens.
 * @param program another program than the one of this checkout
 * @throws Error with its output if it exits before
 */
export async function startHub(settings: Partial<Record<SettingName, string>>, program = PROGRAM): Promise<HubProcess> {
  // Without the variables that a test runner adds for Node, but for its cache of compiled code.
  const { PATH, NODE_COMPILE_CACHE } = process.env
  const env = {
    PATH,
    ...(NODE_COMPILE_CACHE !== undefined && { NODE_COMPILE_CACHE }),
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
    pid: child.pid ?? 0,
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
