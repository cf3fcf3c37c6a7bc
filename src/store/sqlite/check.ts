/** Checks a data directory for damage and inconsistencies, e.g. after a crash. */
import { stat } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { HubError } from '../../errors.ts'
import type { Submodel } from '../../model/types.ts'
import { ChainVerifier } from '../audit-chain.ts'
import { isDamaged } from '../damage.ts'
import { deriveElementRows, pathTail, searchKey } from '../element-rows.ts'
import { joinValues } from '../join-values.ts'
import { AuditReads } from './audit.ts'
import { checkChecksums } from './check-checksums.ts'
import { readVerified } from './files.ts'
import { blobPath, databasePath } from './paths.ts'
import { kinds, migrations, type StoredRow, SUBMODEL } from './schema.ts'
import { storageFailure, toHubError } from './storage-errors.ts'

const MAX_REPORTED = 20
const ROWS_PER_READ = 500

/**
 * Reads everything in a data directory, even while a hub uses it, and changes nothing. Takes as long as reading the whole
 * database.
 * @returns a line for each finding, at most `MAX_REPORTED`; empty if all is sound
 * @throws HubError `NotFound` if there is no database, `Unavailable` if it cannot be read at all
 */
export async function checkDirectory(directory: string): Promise<readonly string[]> {
  const file = databasePath(directory)
  if (!(await isFile(file))) throw new HubError('NotFound', ['The database', file])
  const findings: string[] = []
  try {
    const db = new DatabaseSync(file, { readOnly: true, timeout: 5000 })
    try {
      // One read transaction: all checks see one state, even during writes.
      db.exec('BEGIN')
      const version = Number(db.prepare('PRAGMA user_version').get()?.user_version)
      if (version !== migrations.length) {
        return [
          `The schema has version ${version}, this release has ${migrations.length}: start the hub once to migrate it`
        ]
      }
      for (const step of checks) {
        for (const finding of await findingsOf(step, db, directory))
          if (findings.push(finding) === MAX_REPORTED) return findings
      }
    } finally {
      db.close()
    }
  } catch (error) {
    throw toHubError(error)
  }
  return findings
}

type Check = (db: DatabaseSync, directory: string) => Iterable<string> | AsyncIterable<string>

/** The most informative checks come first. */
const checks: readonly Check[] = [checkChecksums, pages, figures, leftovers, facets, submodels, audit, files]

async function findingsOf(step: Check, db: DatabaseSync, directory: string): Promise<readonly string[]> {
  const findings: string[] = []
  try {
    for await (const finding of step(db, directory)) if (findings.push(finding) === MAX_REPORTED) break
  } catch (error) {
    // Reading stops at a damaged page: a finding, not a failure of the check.
    const failure = storageFailure(error)
    if (failure?.name !== 'Damaged') throw error
    findings.push(new HubError(failure.name, failure.about).message)
  }
  return findings
}

function* pages(db: DatabaseSync): Generator<string> {
  for (const { integrity_check } of db.prepare(`PRAGMA integrity_check(${MAX_REPORTED})`).all()) {
    if (integrity_check !== 'ok') yield `The database is damaged: ${integrity_check}`
  }
}

function* audit(db: DatabaseSync): Generator<string> {
  const reads = new AuditReads(db)
  const head = reads.head()
  const chain = new ChainVerifier(head.number === 0 ? [] : [head])
  for (let page = reads.page(0, ROWS_PER_READ); page.length > 0; ) {
    for (const entry of page) {
      const problem = chain.add(entry)
      if (problem !== undefined) return yield `The audit is damaged: ${problem}`
    }
    page = reads.page(chain.last?.number ?? 0, ROWS_PER_READ)
  }
  const missing = chain.end()
  if (missing !== undefined) yield `The audit is damaged: ${missing}`
}

async function* files(db: DatabaseSync, directory: string): AsyncGenerator<string> {
  const all = 'SELECT blob, size, min(name) AS name FROM file GROUP BY blob, size'
  for (const { blob, size, name } of db.prepare(all).iterate()) {
    const path = blobPath(directory, String(blob))
    const found = await stat(path).catch(() => undefined)
    if (found?.size !== size) yield `The file ${name} should have ${size} bytes, but has ${found?.size ?? 'none'}`
    else if (!(await isWhole(path, { name: String(name), blob: String(blob), size: Number(size) }))) {
      yield `The file ${name} (${blob}) is damaged: its bytes have changed`
    }
  }
}

async function isWhole(path: string, file: { name: string; blob: string; size: number }): Promise<boolean> {
  try {
    for await (const _ of readVerified(path, file));
    return true
  } catch (error) {
    if (isDamaged(error)) return false
    throw error
  }
}

/** Compares the counters with the tables. */
function* figures(db: DatabaseSync): Generator<string> {
  const counters = new Map(
    db
      .prepare('SELECT name, value FROM counter')
      .all()
      .map(({ name, value }) => [name, value])
  )
  const found = new Map<string, unknown>([
    ['elements', db.prepare('SELECT count(*) AS n FROM element').get()?.n],
    ['logBytes', db.prepare('SELECT coalesce(sum(size), 0) AS n FROM log').get()?.n],
    ['series', db.prepare('SELECT count(*) AS n FROM series').get()?.n],
    ['samples', db.prepare('SELECT coalesce(sum(count), 0) AS n FROM chunk').get()?.n],
    ['historyBytes', db.prepare('SELECT coalesce(sum(size), 0) AS n FROM chunk').get()?.n],
    ['blobBytes', db.prepare('SELECT coalesce(sum(size), 0) AS n FROM blob').get()?.n]
  ])
  for (const [code, kind] of kinds.entries()) {
    found.set(`documents.${kind}`, db.prepare('SELECT count(*) AS n FROM document WHERE kind = ?').get(code)?.n)
  }
  for (const [name, value] of found) {
    if ((counters.get(name) ?? 0) !== value) yield `The counter ${name} is ${counters.get(name) ?? 0}, found ${value}`
  }
  const log = db
    .prepare(
      `SELECT max(seq) AS last, max(seq) - min(coalesce(first, seq)) + 1 AS span,
         coalesce(sum(seq - coalesce(first, seq) + 1), 0) AS n FROM log`
    )
    .get()
  if (log?.n !== 0 && log?.last !== counters.get('seq')) yield `The log ends at ${log?.last}, not at the last commit`
  if (log?.n !== 0 && log?.n !== log?.span) yield `The log has ${log?.n} entries for ${log?.span} commits`
}

/** Rows without their document, and documents without their rows. */
function* leftovers(db: DatabaseSync): Generator<string> {
  const lost = 'SELECT count(*) AS n FROM chunk WHERE series NOT IN (SELECT id FROM series)'
  const chunks = db.prepare(lost).get()?.n
  if (chunks !== 0) yield `${chunks} chunks belong to no series`
  const tables = { element: 'document', set_aside: 'document', facet: 'position', file: 'document', body: 'position' }
  for (const [table, column] of Object.entries(tables)) {
    const orphans = `SELECT count(*) AS n FROM ${table} WHERE ${column} NOT IN (SELECT position FROM document)`
    const n = db.prepare(orphans).get()?.n
    if (n !== 0) yield `${n} rows of ${table} belong to no document`
  }
  const aside = 'SELECT id, count(*) AS n FROM set_aside JOIN document ON position = document GROUP BY document'
  for (const { id, n } of db.prepare(aside).iterate()) {
    yield `${n} values of Submodel "${id}" are not in their rows, as a page is damaged that these need`
  }
  const bare = 'SELECT id FROM document WHERE position NOT IN (SELECT position FROM body)'
  for (const { id } of db.prepare(bare).iterate()) yield `The document "${id}" has no body`
  const unknown = 'SELECT name FROM file WHERE blob NOT IN (SELECT name FROM blob WHERE orphaned IS NULL)'
  for (const { name } of db.prepare(unknown).iterate()) yield `The file ${name} is in use, but tracked as unused`
}

/** Do the facet rows agree with the facets of the documents? */
function* facets(db: DatabaseSync): Generator<string> {
  const all = db.prepare('SELECT position, id, facets FROM document JOIN body USING (position)')
  const rows = db.prepare('SELECT DISTINCT name, value FROM facet WHERE position = ? ORDER BY name, value')
  for (const { position, id, facets } of all.iterate()) {
    const found = rows.all(Number(position)).map(({ name, value }) => `${name}\0${value}`)
    if (!isSameSet(found, parseFacets(String(facets)))) yield `The facet rows of "${id}" differ from its facets`
  }
}

function parseFacets(facets: string): string[] {
  try {
    return (JSON.parse(facets) as [string, string][]).map(([name, value]) => `${name}\0${value}`)
  } catch {
    return []
  }
}

function isSameSet(some: readonly string[], others: readonly string[]): boolean {
  const set = new Set(others)
  return set.size === some.length && some.every((one) => set.has(one))
}

/** Do the element rows agree with the documents? */
function* submodels(db: DatabaseSync): Generator<string> {
  const all = db.prepare(
    `SELECT position, id, structure, valued, bytes FROM document JOIN body USING (position)
     WHERE kind = ${SUBMODEL}`
  )
  const rows = db.prepare('SELECT path, model_type, value, revision, tail, key FROM element WHERE document = ?')
  for (const { position, id, structure, valued, bytes } of all.iterate()) {
    const stored = new Map(rows.all(Number(position)).map((row) => [String(row.path), row]))
    const written = [...stored.values()].filter((row) => Number(row.revision) > Number(structure))
    if (written.length > 0 && valued !== 1) yield `"${id}" has written values, but is not marked as having any`
    const submodel = parseSubmodel(bytes as Uint8Array)
    if (submodel === undefined) {
      yield `Submodel "${id}" is damaged: it is not JSON`
      continue
    }
    if (!written.every((row) => isObject(String(row.value)))) {
      yield `Values written to "${id}" are not JSON`
      continue
    }
    joinValues(submodel, new Map(written.map((row) => [String(row.path), String(row.value)])))
    // If two elements have the same path, the first one counts, so it is entered last.
    const expected = new Map([...deriveElementRows(submodel)].reverse().map((row) => [row.path, row.value]))
    for (const [path, value] of expected) {
      const row = stored.get(path)
      if (row === undefined) yield `The element "${path}" of "${id}" has no row`
      else if (!sameJson(value, String(row.value))) yield `The element "${path}" of "${id}" and its row differ`
    }
    for (const [path, row] of stored) {
      if (!hasRightKey(row)) yield `The search key of the element "${path}" of "${id}" differs from its value`
    }
    for (const path of stored.keys()) if (!expected.has(path)) yield `The row "${path}" of "${id}" has no element`
  }
}

function parseSubmodel(bytes: Uint8Array): Submodel | undefined {
  try {
    return JSON.parse(Buffer.from(bytes).toString()) as Submodel
  } catch {
    return undefined
  }
}

function isObject(json: string): boolean {
  try {
    return typeof JSON.parse(json) === 'object'
  } catch {
    return false
  }
}

function hasRightKey({ path, model_type, value, tail, key }: StoredRow): boolean {
  const expected = isObject(String(value)) ? searchKey(String(model_type), String(value)) : null
  const isSameKey = key instanceof Uint8Array ? expected instanceof Uint8Array : key === expected
  return tail === pathTail(String(path)) && isSameKey
}

/** Ignores the order of members, which writers need not keep. */
function sameJson(one: string, other: string): boolean {
  return one === other || sortMembers(one) === sortMembers(other)
}

function sortMembers(json: string): string {
  try {
    return JSON.stringify(Object.entries(JSON.parse(json) as object).sort(([a], [b]) => (a < b ? -1 : 1)))
  } catch {
    // Damaged: equal only to itself.
    return json
  }
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false
  )
}
