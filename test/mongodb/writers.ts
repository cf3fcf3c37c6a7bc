/** Writing processes, and what they reported before they were killed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Line } from './writer.ts'

export class Writer {
  readonly name: string
  readonly #args: string[]
  readonly #directory: string
  readonly #reports: string[] = []
  #child: ChildProcess | undefined

  constructor(url: string, database: string, name: string, directory: string) {
    this.name = name
    this.#args = [fileURLToPath(new URL('./writer.ts', import.meta.url)), url, database, name]
    this.#directory = directory
    // A test that times out must not leave it behind.
    process.once('exit', () => this.#child?.kill('SIGKILL'))
  }

  async start(): Promise<void> {
    // A file, as a pipe may be full.
    const report = join(this.#directory, `${this.name}.${this.#reports.length}`)
    this.#reports.push(report)
    const output = openSync(report, 'w')
    const child = spawn(process.execPath, this.#args, { stdio: ['ignore', output, 'inherit'] })
    this.#child = child
    closeSync(output)
    while (statSync(report).size === 0 && this.#child.exitCode === null) await setTimeout(10)
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    this.#child = undefined
    if (child.exitCode !== null) throw new Error('The writer has ended by itself')
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  /** What was reported, by process. */
  lives(): Line[][] {
    return this.#reports.map((file) => {
      const lines = readFileSync(file, 'utf8').split('\n')
      return lines.slice(0, -1).map((line) => JSON.parse(line) as Line)
    })
  }

  lines(): Line[] {
    return this.lives().flat()
  }
}
