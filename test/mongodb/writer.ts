/**
 * The process that crash.test.ts kills: it writes, reads the log and acquires leases beside another one of its kind,
 * and reports what was acknowledged. `node writer.ts <url> <database> <name>`
 */
import { writeSync } from 'node:fs'
import { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { HubError } from '../../src/errors.ts'
import { openMongo } from '../../src/store/mongodb/mongodb.ts'
import type { Change, Store } from '../../src/store/store.ts'
import { create, property, replace, submodel } from '../store/fixtures.ts'

/** Each process has this many counters of its own. */
const COUNTERS = 3

const LEASE_TTL_MS = 400

/** What it reports. Times are wall time in milliseconds. */
export type Line =
  | { event: 'counted'; id: string; value: number; seq: number }
  | { event: 'created'; key: string; seq: number }
  | { event: 'read'; seqs: number[] }
  | { event: 'resumed'; after: number }
  | { event: 'leased'; from: number; until: number }
  | { event: 'attached'; id: string; text: string }
  | { event: 'failed'; what: string }

async function main(url: string, database: string, name: string): Promise<void> {
  const store = await openMongo(url, { database })
  const own = Array.from({ length: COUNTERS }, (_, n) => count(store, `${name}.${n}`))
  const together = [count(store, 'shared'), count(store, 'shared')]
  await Promise.all([
    ...own,
    ...together,
    restructure(store),
    createOnce(store, name),
    readLog(store, name),
    acquireLeases(store)
  ])
}

/** Increments from the current value. */
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
      report({ event: 'counted', id, value, seq })
    } catch (error) {
      await tolerate(error)
    }
  }
}

/** Changes structure and file of the shared counter beside its values. */
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
        report({ event: 'attached', id: file.name, text })
      }
    } catch (error) {
      await tolerate(error)
    }
    await setTimeout(20)
  }
}

/** Creates documents, each with an idempotency key, and deletes some of them. */
async function createOnce(store: Store, name: string): Promise<never> {
  for (let n = 0; ; n++) {
    const key = `${name}/${process.pid}/${n}`
    try {
      const { seq } = await store.commit([
        { change: 'idempotencyKey', key },
        create(submodel(key, property('p', '1')), ['made', 'once'])
      ])
      report({ event: 'created', key, seq })
      const again = await store
        .commit([{ change: 'idempotencyKey', key }, create(submodel(`${key}/again`))])
        .catch((error) => error)
      if (again?.name !== 'AlreadyExists' && again?.name !== 'Unavailable') {
        report({ event: 'failed', what: `${key} was made twice: ${again?.message}` })
      }
      if (n % 2 === 1) await store.commit([{ change: 'delete', kind: 'Submodel', id: key }])
    } catch (error) {
      await tolerate(error)
    }
    await setTimeout(5)
  }
}

/** Reads the log as it grows, from where the process before it stopped. */
async function readLog(store: Store, name: string): Promise<never> {
  let wake = () => {}
  store.onCommit(() => wake())
  let after: number | undefined
  for (;;) {
    const committed = new Promise<void>((resolve) => {
      wake = resolve
    })
    try {
      if (after === undefined) {
        after = (await store.cursor(name)) ?? 0
        report({ event: 'resumed', after })
      }
      const { entries } = await store.log(after, 100)
      if (entries.length > 0) {
        report({ event: 'read', seqs: entries.map(({ seq }) => seq) })
        after = entries.at(-1)?.seq ?? after
        await store.setCursor(name, after)
        continue
      }
    } catch (error) {
      await tolerate(error)
    }
    await Promise.race([committed, setTimeout(1000)])
  }
}

async function acquireLeases(store: Store): Promise<never> {
  for (;;) {
    const from = Date.now()
    try {
      if (await store.lease('work', LEASE_TTL_MS))
        report({ event: 'leased', from: Date.now(), until: from + LEASE_TTL_MS })
    } catch (error) {
      await tolerate(error)
    }
    await setTimeout(Math.random() * 2 * LEASE_TTL_MS)
  }
}

/** Refusals are expected, and the database may be unreachable; any other error is a failure. */
async function tolerate(error: unknown): Promise<void> {
  if (!(error instanceof HubError)) {
    report({ event: 'failed', what: error instanceof Error ? `${error.stack}` : String(error) })
  }
  await setTimeout(error instanceof HubError && error.name === 'Unavailable' ? 50 : 1)
}

/** Synchronous, so that it is written before the process can be killed. */
function report(line: Line): void {
  writeSync(1, `${JSON.stringify(line)}\n`)
}

if (import.meta.main) {
  const [, , url = '', database = '', name = ''] = process.argv
  await main(url, database, name)
}
