/** Processes that write, and what they told before they were killed. */
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
  readonly #told: string[] = []
  #child: ChildProcess | undefined

  constructor(url: string, database: string, name: string, directory: string) {
    this.name = name
    this.#args = [fileURLToPath(new URL('./writer.ts', import.meta.url)), url, database, name]
    this.#directory = directory
    // A test that is given up must not leave it behind.
    process.once('exit', () => this.#child?.kill('SIGKILL'))
  }

  async start(): Promise<void> {
    // Into a file, which takes everything at once; a pipe may be full.
    const told = join(this.#directory, `${this.name}.${this.#told.length}`)
    this.#told.push(told)
    const output = openSync(told, 'w')
    const child = spawn(process.execPath, this.#args, { stdio: ['ignore', output, 'inherit'] })
    this.#child = child
    closeSync(output)
    while (statSync(told).size === 0 && this.#child.exitCode === null) await setTimeout(10)
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    this.#child = undefined
    if (child.exitCode !== null) throw new Error('The writer ended by itself')
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  /** By process. */
  lives(): Line[][] {
    return this.#told.map((file) => {
      const lines = readFileSync(file, 'utf8').split('\n')
      return lines.slice(0, -1).map((line) => JSON.parse(line) as Line)
    })
  }

  lines(): Line[] {
    return this.lives().flat()
  }
}
