import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { checkDirectory } from '../../src/store/sqlite/check.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { testDirectory } from '../test-directory.ts'
import { type Line, type World, WRITERS, worldOf } from './crash-writer.ts'
import { withStore } from './fixtures.ts'

const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 6)

t.test('a process killed at any moment leaves all acknowledged commits, and none half applied', async (t) => {
  const directory = join(testDirectory(t), 'data')
  let acknowledged = 0
  for (let round = 1; round <= ROUNDS; round++) {
    const lines = await killedAfter(directory, Math.random() * 500)
    t.strictSame(await checkDirectory(directory), [], `round ${round}: sound`)
    await withStore(await openSqlite(directory), (store) => compare(t, store, lines, round))
    acknowledged += lines.filter((line) => 'seq' in line).length
  }
  t.ok(acknowledged > ROUNDS * 10, `${acknowledged} commits were acknowledged`)
})

/** Runs the writers and kills them `delay` milliseconds after their first line. @returns their lines */
async function killedAfter(directory: string, delay: number): Promise<Line[]> {
  const script = fileURLToPath(new URL('./crash-writer.ts', import.meta.url))
  // To a file, since a pipe may be full.
  const report = `${directory}.report`
  const output = openSync(report, 'w')
  const child = spawn(process.execPath, [script, directory], { stdio: ['ignore', output, 'inherit'] })
  const ended = once(child, 'exit')
  closeSync(output)
  while (statSync(report).size === 0 && child.exitCode === null) await setTimeout(10)
  await setTimeout(delay)
  child.kill('SIGKILL')
  const [, signal] = await ended
  if (signal !== 'SIGKILL') throw new Error('The writers ended by themselves')
  const lines = readFileSync(report, 'utf8').split('\n')
  return lines.slice(0, -1).map((line) => JSON.parse(line) as Line)
}

async function compare(t: Test, store: Store, lines: readonly Line[], round: number): Promise<void> {
  const log = new Map<number, string>()
  for (
    let after = 0, some = await store.log(after, 1000);
    some.entries.length > 0;
    some = await store.log(after, 1000)
  ) {
    for (const { seq, changes } of some.entries)
      log.set(
        seq,
        JSON.stringify(changes, (_, value) => plain(value))
      )
    after = some.entries.at(-1)?.seq ?? after
  }
  for (let writer = 0; writer < WRITERS; writer++) {
    const reported = lines.filter((line) => line.writer === writer)
    const attempts = reported.filter((line) => 'attempt' in line).map((line) => line.attempt)
    const commits = reported.filter((line) => 'seq' in line)
    if (attempts.length === 0) continue
    // The last attempt may be durable without having been acknowledged; the first one is the state at start.
    const possible = attempts.slice(commits.length === attempts.length - 1 ? -1 : -2)
    const found = await worldOf(store, writer)
    t.ok(
      possible.some((world) => same(world, found)),
      `round ${round}, writer ${writer}`
    )
    for (const { seq, id } of commits) {
      if (!log.get(seq)?.includes(JSON.stringify(id))) t.fail(`commit ${seq} on "${id}" is not in the log`)
    }
  }
}

function same(one: World, other: World): boolean {
  const sorted = (world: World) => JSON.stringify(Object.entries(world).sort(([a], [b]) => (a < b ? -1 : 1)))
  return sorted(one) === sorted(other)
}

function plain(value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
