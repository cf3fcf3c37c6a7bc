/** The servers under test, each in its own process. */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { SettingName } from '../../src/config/config.ts'
import { parseMemory } from '../../src/memory/plan.ts'
import { processOptions } from '../../src/memory/restart.ts'
import { type Taken, takenBy } from './processes.ts'

export type Settings = Partial<Record<SettingName, string>>

interface TableSize {
  readonly rows: number
}

/** Milliseconds. */
export interface Longest {
  readonly p999: number
  readonly longest: number
}

export interface Delays {
  /** For which the main thread did not come to what waited for it, also as other processes had the processor. */
  readonly delay: Longest
  /** Of processor time that it took between two turns of its event loop. */
  readonly held: Longest
}

export interface Child {
  readonly url: string
  readonly pid: number
  /** Resident memory in bytes. */
  rss(): Promise<number>
  /** What it has taken so far; of a system without `/proc` nothing is known. */
  taken(): Promise<Taken>
  /** Of its main thread, since they were asked for last. */
  delays(): Promise<Delays>
  stop(): Promise<void>
}

/** The options of the shipped program. */
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/aas-hub', import.meta.url))

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

type Script = 'hub.ts' | 'bare.ts' | 'bare-mongodb.ts' | 'bare-tables.ts'

/**
 * Starts a script of this folder and waits until it listens.
 * @param settings of the hub, if they are not the defaults; the bare driver takes the database from them, bare tables their size
 */
export async function start(script: Script, directory: string, settings: Settings | TableSize = {}): Promise<Child> {
  // As the shipped program starts itself; a baseline as Node does.
  const memory = 'MEMORY' in settings ? settings.MEMORY : undefined
  const { flags, env } = script === 'hub.ts' ? processOptions(parseMemory(memory ?? 'auto')) : { flags: [], env: {} }
  const child = fork(new URL(script, import.meta.url), [directory, JSON.stringify(settings)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [...process.execArgv, ...flags],
    env: { ...process.env, ...env, NODE_COMPILE_CACHE: CACHE }
  })
  running.add(child)
  let isStopping = false
  const ended = once(child, 'exit').then(([code, signal]) => {
    running.delete(child)
    if (!isStopping) process.stderr.write(`${script} ended by itself: ${signal ?? `code ${code}`}\n`)
    return undefined
  })
  const said = await Promise.race([once(child, 'message') as Promise<[{ url: string }]>, ended])
  if (said === undefined) throw new Error(`${script} ended before it listened`)
  let lastAnswer: Promise<unknown> = Promise.resolve()
  // One after the other, as an answer does not name its question.
  const ask = (question: string): Promise<unknown> => {
    lastAnswer = lastAnswer.then(async () => {
      const answer = once(child, 'message')
      child.send(question)
      return (await answer)[0]
    })
    return lastAnswer
  }
  return {
    url: said[0].url,
    pid: child.pid ?? 0,
    rss: async () => ((await ask('rss')) as { rss: number }).rss,
    delays: async () => (await ask('delays')) as Delays,
    taken: () => takenBy(child.pid),
    stop: async () => {
      isStopping = true
      // The hub closes its store on disconnect; a baseline is just killed.
      if (script === 'hub.ts') child.disconnect()
      else child.kill()
      await ended
    }
  }
}

/** Starts a script of this folder that prints an address or a number first, and then what it counts. */
export async function run(
  script: string,
  ...args: readonly unknown[]
): Promise<{ child: ChildProcess; lines: string[] }> {
  const program = fileURLToPath(new URL(script, import.meta.url))
  const child = spawn(process.execPath, [program, ...args.map(String)], { stdio: ['ignore', 'pipe', 'inherit'] })
  running.add(child)
  child.once('exit', () => running.delete(child))
  const printed: string[] = []
  if (child.stdout === null) throw new Error(`${script} has no output`)
  createInterface(child.stdout).on('line', (line) => {
    if (/^(?:opc\.tcp|\d)/.test(line)) printed.push(line)
  })
  while (printed.length === 0) await sleep(100)
  return { child, lines: printed }
}
