/**
 * Brings the log into the collections, so that it need not be carried out from its beginning by whoever starts. One
 * process does it, for all; where it dies, another one goes on from the mark. Everything here may be done twice.
 */
import { setTimeout } from 'node:timers/promises'
import type { Connection } from './connection.ts'
import type { Journal } from './journal.ts'
import type { Key } from './keys.ts'
import type { LogReader } from './reader.ts'
import type { ReplicatedState } from './replicated-state.ts'
import { FILE_PART_BYTES, leftoversOf } from './rows.ts'
import { savingOf, type Tables } from './tables.ts'

/** The work as it is claimed, and for how long; renewed in time, and left alone shortly before it ends. In milliseconds. */
const LEASE_NAME = 'collections'
const LEASE_TTL_MS = 6000
const LEASE_RENEWAL_MS = 4000
const LEASE_MARGIN_MS = 2000

/** So long may changes gather before they are brought in: what is written often is written once. In milliseconds. */
const GATHER_MS = 150

/** States that are looked at together. */
const DOCUMENTS_PER_STEP = 100

/** The numbers of batches that are gone stay so long, for those that stood still to meet, in milliseconds. */
const CHECKPOINT_RETENTION_MS = 60 * 60 * 1000
const CHECKPOINT_INTERVAL_MS = CHECKPOINT_RETENTION_MS / 6

interface Trimmed {
  /** Batches before this one are removed, number and all. */
  readonly bottom: number
  /** Batches before this one hold nothing any more. */
  readonly emptied: number
  /** When which were emptied (ms). */
  readonly marks: readonly (readonly [before: number, at: number])[]
}

interface Parts {
  readonly connection: Connection
  readonly journal: Journal
  readonly machine: ReplicatedState
  readonly tables: Tables
  readonly reader: LogReader
}

export class Checkpointer {
  readonly #parts: Parts
  #isStopping = false
  #wake: () => void = () => {}
  #done: Promise<void> = Promise.resolve()
  #trimmed = 0
  /** Did the last time not come to its end? */
  #isAgain = false
  readonly #stopListening: () => void

  constructor(parts: Parts) {
    this.#parts = parts
    this.#stopListening = parts.machine.onBatch(() => this.#wake())
  }

  start(): void {
    this.#done = this.#run()
  }

  /** Brings in what is left, where that is up to this process. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#stopListening()
    this.#wake()
    await this.#done
    const { machine, connection } = this.#parts
    if (connection.isAway || machine.tail.length === 0) return
    try {
      const isMine = await machine.submitLast({ job: 'claim', work: LEASE_NAME, span: LEASE_TTL_MS })
      if (isMine) await this.#apply()
    } catch {
      // What fails here is brought in by the next one.
    }
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      if (this.#parts.machine.tail.length === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
      if (this.#isStopping) return
      await setTimeout(GATHER_MS, undefined, { ref: false })
      try {
        await this.#step()
      } catch {
        // Whoever writes is told; here it is tried again.
        this.#isAgain = true
        await setTimeout(500, undefined, { ref: false })
      }
    }
  }

  async #step(): Promise<void> {
    const { machine } = this.#parts
    if (machine.tail.length === 0) return
    if (machine.claims.left(LEASE_NAME) < LEASE_RENEWAL_MS) {
      if (machine.claims.left(LEASE_NAME) <= 0 && !machine.claims.isFree(LEASE_NAME)) return this.#look()
      if (!(await machine.submit({ job: 'claim', work: LEASE_NAME, span: LEASE_TTL_MS }))) return this.#look()
      await this.#look()
    }
    await this.#apply()
    this.#isAgain = false
    if (machine.counters.trimmed > this.#trimmed) await this.#trim()
  }

  /** How far is whoever does the work? */
  async #look(): Promise<void> {
    const { connection, machine } = this.#parts
    const found = await connection.run(() => connection.rows('meta').findOne({ _id: 'applied' }))
    machine.applied(Number(found?.no ?? 0))
  }

  async #apply(): Promise<void> {
    const { connection, machine, tables } = this.#parts
    const { no, marked } = machine
    const { batches } = machine.tail
    const check = () => this.#check()
    const remove = { bodies: new Set<string>(), chunks: [] as string[], uploads: [] as string[], files: [] as string[] }
    const keys = new Set<Key>()
    for (const { batch, keys: here } of batches) {
      for (const key of here) keys.add(key)
      for (const { notes } of batch.content.commits) {
        for (const { body } of notes)
          if (body !== undefined) for (const name of leftoversOf(body)) remove.bodies.add(name)
      }
      for (const control of batch.content.controls) {
        if (control.control === 'chunks') {
          if (control.upload !== undefined) remove.uploads.push(control.upload)
          for (const { removed } of control.series) remove.chunks.push(...removed)
        } else if (control.control === 'blob') remove.uploads.push(control.blob)
        else if (control.control === 'doom') remove.files.push(...partsOf(control))
      }
    }
    for (const some of portions([...keys])) {
      let upto = -1
      const savings = await machine.together(some, () => {
        upto = machine.no
        return some.map((key) => {
          return savingOf(key, machine.peek(key) ?? null, upto, marked, machine.tail.of(key).at(-1)?.no)
        })
      })
      await tables.save(savings, upto, check, this.#isAgain)
    }
    await tables.remove('bodies', [...remove.bodies], check)
    for (const name of ['chunks', 'uploads', 'files'] as const) await tables.remove(name, remove[name], check)
    await this.#check()
    await connection.write(() =>
      connection.rows('meta').updateOne({ _id: 'applied' }, { $max: { no } }, { upsert: true })
    )
    machine.applied(no)
  }

  /** Goes on with the work, or stops where another process may have taken over by the time that the next step is done. */
  async #check(): Promise<void> {
    const { machine } = this.#parts
    if (machine.claims.left(LEASE_NAME) > LEASE_RENEWAL_MS) return
    const claim = { job: 'claim', work: LEASE_NAME, span: LEASE_TTL_MS } as const
    if (machine.claims.left(LEASE_NAME) > 0)
      await (this.#isStopping ? machine.submitLast(claim) : machine.submit(claim))
    if (machine.claims.left(LEASE_NAME) < LEASE_MARGIN_MS) throw new Error('The work is no longer claimed')
  }

  /** Removes batches whose entries are all trimmed; their numbers stay for a while. */
  async #trim(): Promise<void> {
    const { connection, journal, machine, reader } = this.#parts
    const { trimmed } = machine.counters
    const meta = connection.rows('meta')
    const found = await connection.run(() => meta.findOne({ _id: 'trimmed' }))
    const known = JSON.parse(String(found?.state ?? '{"bottom":0,"emptied":0,"marks":[]}')) as Trimmed
    const place = Math.min(await reader.placeOf(trimmed + 1, known.emptied), machine.mark)
    let { bottom } = known
    const now = Date.now()
    const old = known.marks.filter(([, at]) => now - at > CHECKPOINT_RETENTION_MS).at(-1)
    if (old !== undefined) {
      await journal.remove(bottom, old[0])
      bottom = old[0]
    }
    await journal.empty(known.emptied, place)
    await connection.write(() => connection.rows('receipts').deleteMany({ seq: { $lte: trimmed } }))
    const marks = known.marks.filter(([before]) => before > bottom)
    const last = marks.at(-1)
    // Later ones share a mark for a while, and so stay a little longer than they had to.
    const next =
      last === undefined || now - last[1] > CHECKPOINT_INTERVAL_MS ? [...marks, [place, now] as const] : marks
    const state: Trimmed = { bottom, emptied: Math.max(known.emptied, place), marks: next }
    await this.#check()
    const row = { state: JSON.stringify(state) }
    await connection.write(() => meta.replaceOne({ _id: 'trimmed' }, row, { upsert: true }))
    this.#trimmed = trimmed
  }
}

/** Names of the parts of a file. */
function partsOf({ blob, size }: { blob: string; size: number }): string[] {
  return Array.from({ length: Math.ceil(size / FILE_PART_BYTES) }, (_, part) => `${blob}.${part}`)
}

function* portions(keys: readonly Key[]): Generator<Key[]> {
  for (let at = 0; at < keys.length; at += DOCUMENTS_PER_STEP) yield keys.slice(at, at + DOCUMENTS_PER_STEP)
}
