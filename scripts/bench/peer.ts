/** A server of another product in a process of its own, which ends with this one. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

export interface PeerOptions {
  /** For the error. */
  readonly title: string
  readonly program: string
  readonly args: readonly string[]
  readonly cwd?: string
  /** Absent: that of this process. */
  readonly env?: NodeJS.ProcessEnv
  /** Answers once it has started, which may take this long. */
  readonly url: string
  readonly seconds: number
}

export interface RunningPeer {
  readonly pid: number
  stop(): Promise<void>
}

const ASK_INTERVAL_MS = 100

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Resolves when it answers. @throws Error where it does not start in time */
export async function startPeer({ title, program, args, url, seconds, ...options }: PeerOptions): Promise<RunningPeer> {
  const child = spawn(program, args, { stdio: 'ignore', ...options })
  running.add(child)
  const ended = once(child, 'exit').then(() => running.delete(child))
  const end = performance.now() + seconds * 1000
  while (!(await answers(url))) {
    if (child.exitCode !== null || performance.now() > end) throw new Error(`${title} did not start`)
    await sleep(ASK_INTERVAL_MS)
  }
  return {
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill('SIGKILL')
      await ended
    }
  }
}

function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false
  )
}
