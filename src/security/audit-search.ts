/** Finds entries of the audit, and writes them as lines that can be verified anywhere. */
import type { AuditEntry } from '../store/audit-chain.ts'
import type { Store } from '../store/store.ts'
import type { TimeSlice } from '../time-slice.ts'
import type { AuditRecord } from './audit-record.ts'

type AuditStore = Pick<Store, 'audit' | 'auditHead'>

export interface AuditQuery {
  /** Times of entries, inclusive, in milliseconds since 1970. */
  readonly from?: number
  readonly to?: number
  readonly caller?: string
  readonly operation?: string
  readonly outcome?: AuditRecord['outcome']
  /** Identifier of a document, or a key, user or version of the access rules. */
  readonly resource?: string
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[]
  /** The entry to continue after; absent at the end. */
  readonly next?: number
}

const ENTRIES_PER_READ = 500
/** Entries looked at for one page, which may therefore be short. */
const MAX_LOOKED_AT = 50_000

/** @param after only entries with a greater number */
export async function searchAudit(
  store: AuditStore,
  query: AuditQuery,
  { after, limit }: { readonly after: number; readonly limit: number },
  slice: TimeSlice
): Promise<AuditPage> {
  const { from, to = Number.POSITIVE_INFINITY } = query
  const matches = matcherOf(query)
  const entries: AuditEntry[] = []
  let last = from === undefined ? after : Math.max(after, (await firstSince(store, from)) - 1)
  for (let looked = 0; ; ) {
    const read = await store.audit(last, matches === undefined ? limit - entries.length : ENTRIES_PER_READ)
    if (read.length === 0) return { entries }
    for (const entry of read) {
      if (slice.isOver()) await slice.pause()
      if (entry.time > to) return { entries }
      last = entry.number
      if (matches === undefined || matches(entry.record)) entries.push(entry)
      if (++looked >= MAX_LOOKED_AT || entries.length === limit) return { entries, next: last }
    }
  }
}

/** Number of the first entry from a time on, or of the one that will be next. */
async function firstSince(store: AuditStore, time: number): Promise<number> {
  const { number, trimmed } = await store.auditHead()
  // Binary search, as times rise with numbers.
  let [before, since] = [trimmed, number + 1]
  while (since - before > 1) {
    const middle = Math.floor((before + since) / 2)
    const [entry] = await store.audit(middle - 1, 1)
    if (entry !== undefined && entry.time < time) before = Math.max(middle, entry.number)
    else since = middle
  }
  return since
}

/** @returns undefined if every record matches */
function matcherOf({ caller, operation, outcome, resource }: AuditQuery): ((record: string) => boolean) | undefined {
  const wanted = Object.entries({ caller, operation, outcome }).filter(([, value]) => value !== undefined)
  if (wanted.length === 0 && resource === undefined) return undefined
  // Most records are dismissed without being parsed.
  const texts = [...wanted.map(([, value]) => value), resource].flatMap((text) =>
    text === undefined ? [] : [JSON.stringify(text)]
  )
  return (text) => {
    if (!texts.every((one) => text.includes(one))) return false
    const record = parse(text) as Readonly<Record<string, unknown>> & Partial<AuditRecord>
    if (!wanted.every(([name, value]) => record[name] === value)) return false
    const { subject, resources = [] } = record
    return resource === undefined || subject === resource || resources.some(({ id }) => id === resource)
  }
}

/** A record that is damaged matches nothing. */
function parse(record: string): object {
  try {
    return Object(JSON.parse(record)) as object
  } catch {
    return {}
  }
}

/** An entry as JSON, with its record as it is stored: the hash is that of this text. */
export function auditLine({ number, seq, time, trimmed, record, previous, hash }: AuditEntry): string {
  const head = `{"number":${number},"seq":${seq},"time":"${toText(time)}"${trimmed > 0 ? `,"trimmed":${trimmed}` : ''}`
  return `${head}${RECORD}${isJson(record) ? record : JSON.stringify(record)}${PREVIOUS}${previous}","hash":"${hash}"}`
}

/** @returns undefined if it is no line of {@link auditLine} */
export function parseAuditLine(line: string): AuditEntry | undefined {
  const [start, end] = [line.indexOf(RECORD), line.lastIndexOf(PREVIOUS)]
  if (start === -1 || end === -1) return undefined
  try {
    const { number, seq, time, trimmed = 0, previous, hash } = JSON.parse(line)
    return {
      ...{ number, seq, time: new Date(time).getTime(), trimmed },
      ...{ record: line.slice(start + RECORD.length, end), previous, hash }
    }
  } catch {
    return undefined
  }
}

const RECORD = ',"record":'
const PREVIOUS = ',"previous":"'

function toText(time: number): string {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString()
}

/** One line of JSON, as it was written; what was damaged may be anything. */
function isJson(text: string): boolean {
  if (text.includes('\n')) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
