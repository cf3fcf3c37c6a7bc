/** The shipped program in a process of its own, to be killed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { checkDirectory } from '../../src/store/sqlite/check.ts'
import { databaseOf, dropDatabase, embedded } from './harness.ts'

const program = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))

export interface Killable {
  readonly api: string
  /** SIGKILL: no handler runs, nothing is flushed. */
  kill(): Promise<void>
}

/**
 * @param port where it is to be found again; any that is free unless told
 * @param database where it keeps what it has; with MONGODB_URL one for each directory unless told
 */
export async function startProcess(directory: string, port = 0, database = databaseOf(directory)): Promise<Killable> {
  const args = ['serve', '--port', String(port), '--data-dir', directory, '--log-level', 'info', '--log-format', 'json']
  // Without what the test runner puts into the environment of Node.
  const { NODE_OPTIONS: _, ...others } = process.env
  const env = { ...others, MONGODB_URL: database }
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

/** What a hub that was killed has left: the embedded store looks through it itself, a database is not ours to judge. */
export async function checkSound(t: Test, directory: string, title: string): Promise<void> {
  if (embedded === false) t.same(await checkDirectory(directory), [], title)
}

/** A directory for the data of a hub, which goes with the test, and so does its database. */
export function dataOf(t: Test): string {
  const directory = join(t.testdir({}), 'data')
  t.teardown(() => dropDatabase(databaseOf(directory)))
  return directory
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
