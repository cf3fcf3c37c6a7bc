/** All that a database holds, record by record, also while hubs use it, and a database made of such records. */
import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Filter } from 'mongodb'
import { HubError } from '../../errors.ts'
import type { SeriesName } from '../series.ts'
import type { DocumentKind } from '../store.ts'
import type {
  DocumentRecord,
  StoreSummary,
  TransferProgress,
  TransferRecord,
  TransferSource,
  TransferTarget
} from '../transfer.ts'
import { type Connection, type ConnectionOptions, connect, type Row } from './connection.ts'
import { type Counters, nothing, type StoredChunk } from './content.ts'
import { DocumentState, type Written } from './document.ts'
import type { Files } from './files.ts'
import { Journal } from './journal.ts'
import { type Blob, type Key, keyOf, type SeriesState } from './keys.ts'
import type { LogReader } from './reader.ts'
import type { ReplicatedState } from './replicated-state.ts'
import { FILE_PART_BYTES, idOf } from './rows.ts'
import { createIndexes, insertHub } from './schema.ts'
import { changed } from './series.ts'
import { savingOf, Tables } from './tables.ts'
import { keysOf, sizeOf } from './write-commands.ts'

type Of<Name extends TransferRecord['type']> = Extract<TransferRecord, { type: Name }>

/** Rows read at once, and log entries. */
const ROWS_PER_READ = 100
const ENTRIES_PER_READ = 500

/** So much may have changed for others to wait until it is copied, and how long they do at most (ms). */
const POLL_INTERVAL_MS = 100
const QUIET_MS = 5000

interface Parts {
  readonly epoch: string
  readonly connection: Connection
  readonly machine: ReplicatedState
  readonly journal: Journal
  readonly tables: Tables
  readonly reader: LogReader
  readonly files: Files
}

export class MongoSource implements TransferSource {
  readonly #parts: Parts
  readonly #close: () => Promise<void>

  constructor(parts: Parts, close: () => Promise<void> = async () => {}) {
    this.#parts = parts
    this.#close = close
  }

  async summary(): Promise<StoreSummary> {
    await this.#parts.machine.sync()
    const { seq, position, trimmed } = this.#parts.machine.counters
    return { epoch: this.#parts.epoch, seq, position, trimmed }
  }

  async *records(after?: TransferProgress): AsyncGenerator<TransferRecord, StoreSummary> {
    const { machine } = this.#parts
    await machine.sync()
    let { no } = machine
    // The collections are read as they are: what they lack up to here would be missing.
    while (machine.mark < no) await setTimeout(20)
    yield* this.#files(after?.file ?? '')
    yield* this.#documents(after?.position ?? 0)
    yield* this.#series(after?.series)
    yield* this.#receipts()
    yield* this.#cursors()
    let seq = after?.seq ?? 0
    // What changed meanwhile follows until it is little; that little is copied while nobody writes.
    for (let isQuiet = false; ; ) {
      const keys = await this.#changedSince(no)
      ;({ no } = machine)
      yield* this.#anew(keys)
      seq = yield* this.#entries(seq)
      const later = await this.#changedSince(no)
      const { counters } = machine
      const isDone = later.size === 0 && counters.seq === seq
      if (isQuiet) await machine.quiet(0)
      if (isDone) {
        const { position, trimmed } = counters
        return { epoch: this.#parts.epoch, seq, position, trimmed }
      }
      isQuiet = later.size < POLL_INTERVAL_MS
      if (isQuiet) await machine.quiet(QUIET_MS)
    }
  }

  close(): Promise<void> {
    return this.#close()
  }

  async *#files(last: string): AsyncGenerator<TransferRecord> {
    const { connection, files } = this.#parts
    const blobs = connection.rows('blobs')
    for (let after = last; ; ) {
      const filter: Filter<Row> = { hash: { $gt: after }, refs: { $gt: 0 } }
      const rows = await connection.run(() => blobs.find(filter).sort({ hash: 1 }).limit(ROWS_PER_READ).toArray())
      if (rows.length === 0) return
      for (const { _id, hash, size } of rows) {
        if (hash === after) continue
        yield this.#file(_id, String(hash), Number(size), files)
        after = String(hash)
      }
    }
  }

  #file(blob: string, hash: string, size: number, files: Files): TransferRecord {
    const entry = { name: '', contentType: '', fileName: '', size, blob }
    return { type: 'file', hash, size, bytes: () => files.open(entry) }
  }

  async *#documents(last: number): AsyncGenerator<TransferRecord> {
    const { connection } = this.#parts
    const documents = connection.rows('documents')
    for (let after = last; ; ) {
      const filter: Filter<Row> = { position: { $gt: after } }
      const found = () => documents.find(filter).project<Row>({ kind: 1, id: 1, position: 1 }).sort({ position: 1 })
      const rows = await connection.run(() => found().limit(ROWS_PER_READ).toArray())
      if (rows.length === 0) return
      after = Number(rows.at(-1)?.position)
      yield* this.#of(rows.map(({ kind, id }) => keyOf.document(kind as DocumentKind, String(id))))
    }
  }

  /** Documents as they are now; those that are gone are left out. */
  async *#of(keys: readonly Key[]): AsyncGenerator<TransferRecord> {
    const { machine } = this.#parts
    const found = await machine.together(keys, () =>
      keys.flatMap((key) => {
        const state = machine.peek(key)
        return state instanceof DocumentState ? [recordOf(state)] : []
      })
    )
    for (const record of found) yield { ...record, files: await this.#hashed(record.files) }
  }

  async #hashed(files: DocumentRecord['files']): Promise<DocumentRecord['files']> {
    return Promise.all(
      files.map(async (file) => {
        const blob = (await this.#parts.machine.state(keyOf.blob(file.blob))) as Blob | null
        return { ...file, blob: blob?.hash ?? file.blob }
      })
    )
  }

  async *#series(last: SeriesName | undefined): AsyncGenerator<TransferRecord> {
    const { connection } = this.#parts
    const series = connection.rows('series')
    // The last one may have been cut: it comes again from its beginning.
    let [comparison, after]: ['$gt' | '$gte', SeriesName | undefined] = ['$gte', last]
    for (;;) {
      const filter: Filter<Row> =
        after === undefined
          ? {}
          : {
              $or: [
                { submodel: { $gt: after.submodel } },
                { submodel: after.submodel, path: { [comparison]: after.path } }
              ]
            }
      const found = () =>
        series.find(filter).project<Row>({ list: 0 }).sort({ submodel: 1, path: 1 }).limit(ROWS_PER_READ)
      const rows = await connection.run(() => found().toArray())
      if (rows.length === 0) return
      for (const { submodel, path } of rows) yield* this.#chunks({ submodel: String(submodel), path: String(path) })
      const { submodel, path } = rows.at(-1) as Row
      ;[comparison, after] = ['$gt', { submodel: String(submodel), path: String(path) }]
    }
  }

  async *#chunks(name: SeriesName): AsyncGenerator<TransferRecord> {
    const { connection, machine } = this.#parts
    const state = (await machine.state(keyOf.series(name))) as SeriesState | null
    for (const { name: id, from, to, seq, count } of state?.chunks ?? []) {
      const row = await connection.run(() => connection.rows('chunks').findOne({ _id: id }))
      // Another one took its place, which comes when what changed is copied.
      if (row === null) continue
      const [start, end] = [BigInt(from), BigInt(to)]
      yield { type: 'chunk', ...name, from: start, seq, to: end, count, bytes: row.data as Buffer }
    }
  }

  async *#receipts(): AsyncGenerator<TransferRecord> {
    const { connection, machine } = this.#parts
    const filter: Filter<Row> = { seq: { $gt: machine.counters.trimmed } }
    const rows = await connection.run(() => connection.rows('receipts').find(filter).sort({ seq: 1, key: 1 }).toArray())
    for (const { key, seq } of rows) yield { type: 'idempotency key', key: String(key), seq: Number(seq) }
  }

  async *#cursors(): AsyncGenerator<TransferRecord> {
    const { connection } = this.#parts
    const rows = await connection.run(() => connection.rows('cursors').find({}).sort({ _id: 1 }).toArray())
    for (const { _id, seq } of rows) yield { type: 'cursor', consumer: _id, seq: Number(seq) }
  }

  /** @returns the last one given */
  async *#entries(last: number): AsyncGenerator<TransferRecord, number> {
    const { machine, reader } = this.#parts
    await machine.sync()
    for (let after = last; ; ) {
      const { entries } = await reader.read(after, ENTRIES_PER_READ)
      for (const entry of entries) yield { type: 'entry', entry }
      if (entries.length === 0) return Math.max(after, machine.counters.seq)
      after = entries.at(-1)?.seq ?? after
    }
  }

  async #changedSince(no: number): Promise<Set<Key>> {
    const { journal, machine } = this.#parts
    await machine.sync()
    const keys = new Set<Key>()
    for (let next = no + 1; next <= machine.no; next++) {
      const batch = await journal.read(next)
      if (typeof batch !== 'object') throw new HubError('Conflict', ['The log was trimmed while it was copied'])
      for (const key of keysOf(batch)) keys.add(key)
    }
    return keys
  }

  /** What changed, once more. */
  async *#anew(keys: ReadonlySet<Key>): AsyncGenerator<TransferRecord> {
    const { machine, files } = this.#parts
    for (const key of keys) {
      const state = await machine.state(key)
      if (key.startsWith('b') && state !== null) {
        const { hash, size } = state as Blob
        yield this.#file(key.slice(1), hash, size, files)
      }
    }
    for (const key of keys) {
      const state = await machine.state(key)
      if (key.startsWith('d')) {
        const [kind = '', ...id] = key.slice(1).split(' ')
        yield { type: 'document removed', kind: kind as DocumentKind, id: id.join(' ') }
        yield* this.#of([key])
      } else if (key.startsWith('s')) {
        const [submodel = '', path = ''] = key.slice(1).split('\u0000')
        yield { type: 'series removed', submodel, path }
        yield* this.#chunks({ submodel, path })
      } else if (key.startsWith('o') && state !== null) {
        yield { type: 'idempotency key', ...(state as { key: string; seq: number }) }
      }
    }
  }
}

function recordOf(state: DocumentState): DocumentRecord {
  const { head, body, written } = state
  const { kind, id, position, revision, structureRevision, hasBlob, facets, files } = head
  const elements = [...written].map(([path, element]) => ({ path, ...element }))
  return {
    type: 'document',
    ...{
      kind,
      id,
      position,
      revision,
      structureRevision,
      structureTime: structureTimeOf(state),
      hasBlob,
      facets,
      body
    },
    written: elements.sort((one, other) => compare(one.path, other.path)),
    files: [...files.values()].sort((one, other) => compare(one.name, other.name))
  }
}

/** Told only where there is a value that it is of, as not every store keeps it beside the values. */
function structureTimeOf(state: DocumentState): bigint | undefined {
  const { structureTime } = state.head
  if (structureTime === undefined) return undefined
  for (const { path, value } of state.rows().values()) {
    if (value !== '{}' && !state.written.has(path)) return structureTime
  }
  return undefined
}

/** In the order of the bytes, as databases have it. */
function compare(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}

/** How far a migration came, and what it needs to go on. */
interface Unfinished {
  readonly progress: TransferProgress
  /** The last batch, and the bytes of all entries. */
  readonly no: number
  readonly logged: number
  readonly first: number
}

/** Makes a database, which must be empty or hold an attempt that was not finished. */
export async function openMongoTarget(url: string, options: ConnectionOptions = {}): Promise<TransferTarget> {
  const connection = await connect(url, options)
  try {
    const meta = connection.rows('meta')
    const [hub, unfinished] = await connection.run(() =>
      Promise.all([meta.findOne({ _id: 'hub' }), meta.findOne({ _id: 'unfinished' })])
    )
    if (hub !== null) throw new HubError('Conflict', ['The database holds a hub already'])
    await createIndexes(connection)
    await new Journal(connection).prepare()
    const state = unfinished === null ? undefined : (JSON.parse(String(unfinished.state)) as Unfinished)
    return new MongoTarget(connection, state)
  } catch (error) {
    await connection.close()
    throw error
  }
}

class MongoTarget implements TransferTarget {
  readonly #connection: Connection
  readonly #journal: Journal
  readonly #tables: Tables
  #state: Unfinished | undefined

  constructor(connection: Connection, state: Unfinished | undefined) {
    this.#connection = connection
    this.#journal = new Journal(connection)
    this.#tables = new Tables(connection)
    this.#state = state
  }

  async progress(): Promise<TransferProgress | undefined> {
    return this.#state?.progress
  }

  async put(records: readonly TransferRecord[], progress: TransferProgress): Promise<void> {
    const before = this.#state ?? { progress, no: 0, logged: 0, first: 0 }
    if (this.#state === undefined) await this.#keep(before)
    const last = before.progress.position ?? 0
    for (const record of records) {
      if (record.type === 'file') await this.#file(record)
      if (record.type === 'document removed') await this.#remove(keyOf.document(record.kind, record.id))
      // What came before, and perhaps was not whole, has another body by now.
      if (record.type === 'document' && record.position <= last)
        await this.#remove(keyOf.document(record.kind, record.id))
      if (record.type === 'series removed') await this.#remove(keyOf.series(record))
    }
    const documents = records.filter((record) => record.type === 'document')
    await this.#tables.save(
      documents.map((record) => savingOf(keyOf.document(record.kind, record.id), stateOf(record), 0, nothing)),
      0
    )
    await this.#chunks(records.filter((record) => record.type === 'chunk'))
    for (const record of records) {
      if (record.type === 'idempotency key') {
        const { key, seq } = record
        await this.#tables.save([savingOf(keyOf.receipt(key), { key, seq }, 0, nothing)], 0)
      } else if (record.type === 'cursor') {
        const { consumer: follower, seq } = record
        const cursors = this.#connection.rows('cursors')
        await this.#connection.write(() => cursors.replaceOne({ _id: follower }, { seq }, { upsert: true }))
      }
    }
    const after = await this.#entries(
      records.filter((record) => record.type === 'entry'),
      before
    )
    await this.#keep({ ...after, progress })
  }

  async finish(summary: StoreSummary): Promise<void> {
    const { epoch, seq, position, trimmed } = summary
    const { no, logged } = this.#state ?? { no: 0, logged: 0 }
    const figures = await this.#figures()
    const counters: Counters = { ...nothing, ...figures, seq, position, trimmed, logged, forgotten: 0 }
    const content = { commits: [], controls: [] }
    const empty = { time: 0, content }
    await this.#append({ ...empty, no: 0, first: 1, counters: nothing })
    await this.#append({ ...empty, no: no + 1, first: seq + 1, counters })
    const meta = this.#connection.rows('meta')
    await this.#connection.write(() => meta.replaceOne({ _id: 'applied' }, { no: no + 1 }, { upsert: true }))
    await insertHub(this.#connection, epoch)
    await this.#connection.write(() => meta.deleteOne({ _id: 'unfinished' }))
  }

  async abandon(): Promise<void> {
    await this.#connection.run(() => this.#connection.db.dropDatabase())
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  async #keep(state: Unfinished): Promise<void> {
    const meta = this.#connection.rows('meta')
    const row = { state: JSON.stringify(state) }
    await this.#connection.write(() => meta.replaceOne({ _id: 'unfinished' }, row, { upsert: true }))
    this.#state = state
  }

  async #file({ hash, size, bytes }: Of<'file'>): Promise<void> {
    let [gathered, part]: [Buffer[], number] = [[], 0]
    const flush = async (least: number) => {
      let whole = Buffer.concat(gathered)
      for (; whole.length >= least && whole.length > 0; whole = whole.subarray(FILE_PART_BYTES)) {
        await this.#tables.insert('files', [{ _id: `${hash}.${part++}`, data: whole.subarray(0, FILE_PART_BYTES) }])
      }
      gathered = [whole]
    }
    for await (const chunk of bytes()) {
      gathered.push(chunk as Buffer)
      if (gathered.length > 16) await flush(FILE_PART_BYTES)
    }
    await flush(1)
    await this.#tables.save([savingOf(keyOf.blob(hash), { size, hash, refs: 0, at: Date.now() }, 0, nothing)], 0)
  }

  async #remove(key: Key): Promise<void> {
    const { state } = await this.#tables.load(key)
    if (state === null) return
    await this.#tables.save([savingOf(key, null, 0, nothing)], 0)
    if (!(state instanceof DocumentState)) return
    const { bodies, asides } = savingOf(key, state, 0, nothing)
    await this.#tables.remove(
      'bodies',
      [...bodies, ...asides].map(({ _id }) => _id)
    )
  }

  async #chunks(records: readonly Of<'chunk'>[]): Promise<void> {
    const bySeries = new Map<Key, { series: SeriesName; added: StoredChunk[] }>()
    const rows = records.map(({ submodel, path, from, to, seq, count, bytes }) => {
      const key = keyOf.series({ submodel, path })
      const name = `${idOf(key)}.${from}.${seq}`
      const known = bySeries.get(key) ?? { series: { submodel, path }, added: [] }
      known.added.push({ name, from: String(from), to: String(to), seq, count, size: bytes.length })
      bySeries.set(key, known)
      return { _id: name, data: Buffer.from(bytes) }
    })
    await this.#tables.insert('chunks', rows)
    for (const [key, { series, added }] of bySeries) {
      const stored = await this.#tables.load(key)
      const before = (stored.state ?? { ...series, chunks: [] }) as SeriesState
      const after = changed(before, { ...series, added, removed: [] })
      await this.#tables.save([savingOf(key, after, 0, nothing)], 0)
    }
  }

  /** A batch for all of them. */
  async #entries(records: readonly Of<'entry'>[], before: Unfinished): Promise<Unfinished> {
    const [first, last] = [records[0]?.entry, records.at(-1)?.entry]
    if (first === undefined || last === undefined) return before
    const commits = records.map(({ entry }) => ({ changes: [], notes: [], told: entry.changes, time: entry.time }))
    const logged = commits.reduce((sum, { told }) => sum + sizeOf(told), before.logged)
    const no = before.no + 1
    const counters = { ...nothing, seq: last.seq, logged }
    await this.#append({ no, first: first.seq, time: last.time, counters, content: { commits, controls: [] } })
    return { ...before, no, logged }
  }

  /** In place of what an attempt left that was cut. */
  async #append(batch: Omit<Parameters<Journal['append']>[0], 'by'>): Promise<void> {
    await this.#journal.remove(batch.no, batch.no + 1)
    if ((await this.#journal.append({ ...batch, by: randomUUID() })) === undefined) {
      throw new HubError('Conflict', ['Two migrations into one database'])
    }
  }

  /** Counted when all is there; and how often files are referred to. */
  async #figures(): Promise<Partial<Counters>> {
    const all = (name: string, without: Record<string, 0>) => this.#connection.rows(name).find({}).project<Row>(without)
    const documents: Record<string, number> = {}
    let [elements, bodyBytes] = [0, 0]
    const refs = new Map<string, number>()
    for await (const row of all('documents', { keys: 0, written: 0, facets: 0 })) {
      documents[String(row.kind)] = (documents[String(row.kind)] ?? 0) + 1
      elements += Number(row.elements)
      bodyBytes += Number(row.size)
      for (const { blob } of row.files as { blob: string }[]) refs.set(blob, (refs.get(blob) ?? 0) + 1)
    }
    let blobBytes = 0
    for await (const { _id, size, hash } of all('blobs', {})) {
      blobBytes += Number(size)
      const blob = { size: Number(size), hash: String(hash), refs: refs.get(_id) ?? 0, at: Date.now() }
      await this.#tables.save([savingOf(keyOf.blob(_id), blob, 0, nothing)], 0)
    }
    let [series, samples, historyBytes] = [0, 0, 0]
    for await (const { count, bytes } of all('series', { list: 0 })) {
      series++
      samples += Number(count)
      historyBytes += Number(bytes)
    }
    return { documents, elements, bodyBytes, blobBytes, series, samples, historyBytes }
  }
}

function stateOf({ written, files, body, ...head }: DocumentRecord): DocumentState {
  const { kind, id, position, revision, structureRevision, structureTime, hasBlob, facets } = head
  const elements = written.map(({ path, ...element }): [string, Written] => [path, element])
  const byName = new Map(files.map((file) => [file.name, file]))
  return new DocumentState(
    { kind, id, position, revision, structureRevision, structureTime, hasBlob, facets, files: byName },
    body,
    new Map(elements)
  )
}
