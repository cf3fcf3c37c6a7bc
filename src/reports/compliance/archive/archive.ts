/**
 * The reports that are kept: of each a document with its summary, which lists read, and the signed report as its file.
 * Their number and bytes are bounded; the oldest are deleted first.
 */
import { Readable } from 'node:stream'
import { HubError } from '../../../errors.ts'
import type { Change, Document, Store } from '../../../store/store.ts'
import type { Status } from '../../document.ts'

export interface ReportSummary {
  readonly id: string
  /** UTC, ISO 8601. */
  readonly created: string
  readonly address: string
  readonly verdict: Status
  /** Number of checks by verdict. */
  readonly checks: Readonly<Record<Status, number>>
  readonly bytes: number
  /** Who started the examination: the name of a caller, `schedule`, or `command`. */
  readonly startedBy: string
  readonly seconds: number
  /** Thumbprint of the key that it is signed with. */
  readonly keyId: string
  /** The report before, and what became worse since: ids of at most a hundred checks, and the number of all. */
  readonly since?: string
  readonly dropped?: readonly string[]
  readonly droppedCount?: number
}

export interface ArchiveOptions {
  readonly store: Pick<Store, 'commit' | 'document' | 'documents' | 'file' | 'head' | 'open' | 'receive'>
  readonly maxReports: number
  readonly maxBytes: number
}

const KIND = 'ComplianceReport'
/** Its creation is the event that a report is worse than the one before; it has the id of the report. */
const DROP_KIND = 'ComplianceDrop'
const FILE = 'report.json'
const MEDIA_TYPE = 'application/json'
const PAGE = 100

export class ReportArchive {
  readonly #options: ArchiveOptions

  constructor(options: ArchiveOptions) {
    this.#options = options
  }

  /** The newest first. */
  async list(): Promise<readonly ReportSummary[]> {
    const found: ReportSummary[] = []
    let after: number | undefined = 0
    while (after !== undefined) {
      const page: Awaited<ReturnType<Store['documents']>> = await this.#options.store.documents(KIND, [], {
        after,
        limit: PAGE
      })
      found.push(...page.items.map(summaryIn))
      after = page.next
    }
    return found.toSorted((one, other) => (one.created < other.created ? 1 : -1))
  }

  /** @throws HubError `NotFound` */
  async summary(id: string): Promise<ReportSummary> {
    const document = await this.#options.store.document(KIND, id)
    if (document === undefined) throw unknown(id)
    return summaryIn(document)
  }

  /** The signed report as it is kept. @throws HubError `NotFound` */
  async open(id: string): Promise<{ readonly bytes: number; readonly content: Readable }> {
    const { store } = this.#options
    const file = await store.file(KIND, id, FILE)
    if (file === undefined) throw unknown(id)
    return { bytes: file.size, content: store.open(file) }
  }

  /** @throws HubError `NotFound` */
  async text(id: string): Promise<string> {
    const parts: Buffer[] = []
    for await (const part of (await this.open(id)).content) parts.push(part as Buffer)
    return Buffer.concat(parts).toString()
  }

  /**
   * Keeps a report, and deletes the oldest beyond the limits in the same commit; the new one is kept whatever its size.
   * @param more to be committed with it, e.g. for the audit
   */
  async keep(summary: ReportSummary, text: string, more: readonly Change[] = []): Promise<void> {
    const { store, maxReports, maxBytes } = this.#options
    const { id } = summary
    const { blob, size } = await store.receive(Readable.from([Buffer.from(text)]), Number.POSITIVE_INFINITY)
    const file = { name: FILE, contentType: MEDIA_TYPE, fileName: `${id}.json`, size, blob }
    let [reports, bytes] = [1, size]
    const superfluous = (await this.list()).filter((one) => {
      reports++
      bytes += one.bytes
      return reports > maxReports || bytes > maxBytes
    })
    await store.commit([
      { change: 'create', kind: KIND, id, json: JSON.stringify(summary), facets: [] },
      { change: 'attach', kind: KIND, id, files: [file] },
      ...dropOf(summary),
      ...(await this.#removals(superfluous.map((one) => one.id))),
      ...more
    ])
  }

  /** @throws HubError `NotFound` */
  async remove(id: string, more: readonly Change[] = []): Promise<void> {
    const removals = await this.#removals([id])
    await this.#options.store.commit([...removals, ...more]).catch((error: unknown) => {
      throw error instanceof HubError && error.name === 'NotFound' ? unknown(id) : error
    })
  }

  async #removals(ids: readonly string[]): Promise<readonly Change[]> {
    const removals: Change[] = []
    for (const id of ids) {
      removals.push({ change: 'delete', kind: KIND, id })
      if (await this.#options.store.head(DROP_KIND, id)) removals.push({ change: 'delete', kind: DROP_KIND, id })
    }
    return removals
  }
}

/** What became worse, for who is notified of it. */
function dropOf(summary: ReportSummary): readonly Change[] {
  const { id, created, since, verdict, startedBy, dropped, droppedCount = 0 } = summary
  if (droppedCount === 0) return []
  const json = JSON.stringify({ report: id, created, since, verdict, startedBy, droppedCount, dropped })
  return [{ change: 'create', kind: DROP_KIND, id, json, facets: [] }]
}

function summaryIn({ bytes }: Document): ReportSummary {
  return JSON.parse(bytes.toString()) as ReportSummary
}

function unknown(id: string): HubError {
  return new HubError('NotFound', ['The compliance report', id])
}
