/**
 * The process that crash.test.ts kills: it writes, follows the log and claims work, beside another one of its kind, and
 * tells what was acknowledged. `node writer.ts <url> <database> <name>`
 */
import { writeSync } from 'node:fs'
import { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { HubError } from '../../src/errors.ts'
import { openMongo } from '../../src/store/mongodb/mongodb.ts'
import type { Change, Store } from '../../src/store/store.ts'
import { create, property, replace, submodel } from '../store/fixtures.ts'

/** Counters of its own that each process has. */
export const COUNTERS = 3

/** How long work is claimed for, in milliseconds. */
export const SPAN = 400

/** Times are those of the machine, in milliseconds. */
export type Line =
  | { told: 'counted'; id: string; value: number; seq: number }
  | { told: 'once'; key: string; seq: number }
  | { told: 'heard'; seqs: number[] }
  | { told: 'follows'; after: number }
  | { told: 'held'; from: number; until: number }
  | { told: 'file'; id: string; text: string }
  | { told: 'wrong'; what: string }

async function main(url: string, database: string, name: string): Promise<void> {
  const store = await openMongo(url, { database })
  const own = Array.from({ length: COUNTERS }, (_, n) => count(store, `${name}.${n}`))
  const together = [count(store, 'shared'), count(store, 'shared')]
  await Promise.all([...own, ...together, restructure(store), makeOnce(store, name), follow(store, name), work(store)])
}

/** Counts up one by one, from whatever is there. */
async function count(store: Store, id: string): Promise<never> {
  for (;;) {
    try {
      const row = await store.element(id, 'p')
      if (row === undefined) {
        await store.commit([create(submodel(id, property('p', '0'), property('q', '0')), ['counter', 'yes'])])
        continue
      }
      const value = Number(JSON.parse(row.value).value) + 1
      const { incarnation, revision } = row
      const text = JSON.stringify({ value: String(value) })
      const change: Change = {
        change: 'value',
        submodel: id,
        path: 'p',
        incarnation,
        value: text,
        ifRevision: revision
      }
      const { seq } = await store.commit([change])
      tell({ told: 'counted', id, value, seq })
    } catch (error) {
      await sufferable(error)
    }
  }
}

/** Changes the structure beside the values of the counter that all share, and the file of it. */
async function restructure(store: Store): Promise<never> {
  for (let n = 0; ; n++) {
    try {
      const read = await store.document('Submodel', 'shared')
      if (read !== undefined) {
        const stale = submodel('shared', property('p', '-1'), property('q', `${process.pid}.${n}`))
        await store.commit([replace(stale, { touched: ['q'], ifStructureRevision: read.structureRevision })])
        const text = `${process.pid}.${n}`
        const { blob, size } = await store.receive(Readable.from([text]), 100)
        const file = { name: `${process.pid}`, contentType: 'text/plain', fileName: 'f', blob, size }
        await store.commit([{ change: 'attach', kind: 'Submodel', id: 'shared', files: [file] }])
        tell({ told: 'file', id: file.name, text })
      }
    } catch (error) {
      await sufferable(error)
    }
    await setTimeout(20)
  }
}

/** Documents with a key each, some of which are deleted again. */
async function makeOnce(store: Store, name: string): Promise<never> {
  for (let n = 0; ; n++) {
    const key = `${name}/${process.pid}/${n}`
    try {
      const { seq } = await store.commit([
        { change: 'idempotencyKey', key },
        create(submodel(key, property('p', '1')), ['made', 'once'])
      ])
      tell({ told: 'once', key, seq })
      const again = await store
        .commit([{ change: 'idempotencyKey', key }, create(submodel(`${key}/again`))])
        .catch((error) => error)
      if (again?.name !== 'AlreadyExists' && again?.name !== 'Unavailable') {
        tell({ told: 'wrong', what: `${key} was made twice: ${again?.message}` })
      }
      if (n % 2 === 1) await store.commit([{ change: 'delete', kind: 'Submodel', id: key }])
    } catch (error) {
      await sufferable(error)
    }
    await setTimeout(5)
  }
}

/** Reads the log as it grows, and goes on where the process before it stood. */
async function follow(store: Store, name: string): Promise<never> {
  let wake = () => {}
  store.onCommit(() => wake())
  let after: number | undefined
  for (;;) {
    const bell = new Promise<void>((resolve) => {
      wake = resolve
    })
    try {
      if (after === undefined) {
        after = (await store.cursor(name)) ?? 0
        tell({ told: 'follows', after })
      }
      const { entries } = await store.log(after, 100)
      if (entries.length > 0) {
        tell({ told: 'heard', seqs: entries.map(({ seq }) => seq) })
        after = entries.at(-1)?.seq ?? after
        await store.setCursor(name, after)
        continue
      }
    } catch (error) {
      await sufferable(error)
    }
    await Promise.race([bell, setTimeout(1000)])
  }
}

async function work(store: Store): Promise<never> {
  for (;;) {
    const from = Date.now()
    try {
      if (await store.lease('work', SPAN)) tell({ told: 'held', from: Date.now(), until: from + SPAN })
    } catch (error) {
      await sufferable(error)
    }
    await setTimeout(Math.random() * 2 * SPAN)
  }
}

/** Refusals are part of the game, and the database may be away; everything else is wrong. */
async function sufferable(error: unknown): Promise<void> {
  if (!(error instanceof HubError)) {
    tell({ told: 'wrong', what: error instanceof Error ? `${error.stack}` : String(error) })
  }
  await setTimeout(error instanceof HubError && error.name === 'Unavailable' ? 50 : 1)
}

/** Written at once: what is said is said before the process can be killed. */
function tell(line: Line): void {
  writeSync(1, `${JSON.stringify(line)}\n`)
}

if (import.meta.main) {
  const [, , url = '', database = '', name = ''] = process.argv
  await main(url, database, name)
}
