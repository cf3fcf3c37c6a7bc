/**
 * The process that crash.test.ts kills: concurrent writers, each with its own documents, each reporting what it is about
 * to do and when that was acknowledged. So each of them can be found in one of at most two states later.
 */
import { writeSync } from 'node:fs'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { Submodel } from '../../src/model/types.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { Change, Store } from '../../src/store/store.ts'
import { create, property, replace, submodel, submodelOf, write } from './fixtures.ts'

export const WRITERS = 8
const DOCUMENTS = 4

/** What one writer's documents hold. */
export type World = Record<string, { p: string; q: string; file: string }>

/** `attempt`: the resulting state, reported at start and before each commit; `seq`: reported when acknowledged. */
export type Line = { writer: number; attempt: World } | { writer: number; seq: number; id: string }

/** The state of a writer's documents in the store. */
export async function worldOf(store: Store, writer: number): Promise<World> {
  const world: World = {}
  for (const id of idsOf(writer)) {
    const document = (await submodelOf(store, id)) as Submodel | undefined
    if (document === undefined) continue
    const [p, q] = (document.submodelElements ?? []).map((element) => ('value' in element ? String(element.value) : ''))
    const file = await store.file('Submodel', id, 'f')
    world[id] = { p: p ?? '', q: q ?? '', file: file === undefined ? '' : await text(store.open(file)) }
  }
  return world
}

function idsOf(writer: number): string[] {
  return Array.from({ length: DOCUMENTS }, (_, n) => `writer ${writer}, document ${n}`)
}

async function main(directory: string): Promise<void> {
  // Rows follow their values soon, late, or not at all before the process is killed.
  const store = await openSqlite(directory, { maxUnwritten: pick([5, 100, 100_000]) })
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => work(store, writer)))
}

async function work(store: Store, writer: number): Promise<never> {
  let world = await worldOf(store, writer)
  tell({ writer, attempt: world })
  for (let n = 0; ; n++) {
    const id = pick(idsOf(writer))
    const { changes, after } = await next(store, writer, world, id, `${process.pid}.${n}`)
    tell({ writer, attempt: after })
    const { seq } = await store.commit(changes)
    tell({ writer, seq, id })
    world = after
  }
}

/** A random change and the state that results. */
async function next(store: Store, writer: number, world: World, id: string, value: string) {
  const after = structuredClone(world)
  const here = after[id]
  if (here === undefined) {
    // All missing ones in one commit: later all of them are found, or none.
    const missing = idsOf(writer).filter((other) => world[other] === undefined)
    for (const other of missing) after[other] = { p: value, q: value, file: '' }
    return { changes: missing.map((other) => create(bodyOf(other, value, value))), after }
  }
  switch (pick(['value', 'value', 'value', 'value', 'whole', 'part', 'delete', 'attach'])) {
    case 'value':
      here.p = value
      return { changes: [await write(store, id, 'p', value)], after }
    case 'whole':
      Object.assign(here, { p: value, q: value })
      return { changes: [replace(bodyOf(id, value, value))], after }
    case 'part':
      here.q = value
      return { changes: [replace(bodyOf(id, 'stale', value), { touched: ['q'] })], after }
    case 'delete':
      delete after[id]
      return { changes: [{ change: 'delete', kind: 'Submodel', id }] satisfies Change[], after }
    default: {
      here.file = value
      const { blob, size } = await store.receive(Readable.from([value]), 100)
      const files = [{ name: 'f', contentType: 'text/plain', fileName: 'f', blob, size }]
      return { changes: [{ change: 'attach', kind: 'Submodel', id, files }] satisfies Change[], after }
    }
  }
}

function bodyOf(id: string, p: string, q: string): Submodel {
  return submodel(id, property('p', p), property('q', q))
}

function pick<Item>(items: readonly Item[]): Item {
  return items[Math.floor(Math.random() * items.length)] as Item
}

/** Written synchronously, before the process can be killed. */
function tell(line: Line): void {
  writeSync(1, `${JSON.stringify(line)}\n`)
}

if (import.meta.main) await main(String(process.argv[2]))
