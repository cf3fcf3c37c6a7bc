/**
 * What documents were before: each commit that creates, replaces or deletes one also keeps what it was until then, as a
 * document of the kind `Revision`. So what changed, and when, is known as long as revisions are kept, whatever the log
 * still holds (`$recent-changes` and `$history` of Part 2, release 3.2).
 *
 * A revision holds the structure with the values of the commit that wrote it; values that were written since are in the
 * history. Attached files are not kept. Where a document is replaced by one that is nearly the same, its revision holds
 * the difference to that; about every sixteenth is whole, so that no more than a few are read for one.
 */
import { randomUUID } from 'node:crypto'
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Clock } from '../clock.ts'
import { isScratch } from '../model/examination.ts'
import type { ChangeOf } from './change-rules.ts'
import { type Difference, differenceOf, withDifference } from './content-difference.ts'
import type { DatedCommit } from './current-value.ts'
import { overrideMethods } from './plant-view.ts'
import type { Change, Document, DocumentKind, Facet, RevisionAction, Store } from './store.ts'

/** The kinds of which revisions are kept. */
export type RevisedKind =
  | 'AssetAdministrationShell'
  | 'Submodel'
  | 'ConceptDescription'
  | 'AssetAdministrationShellDescriptor'

const REVISED: ReadonlySet<DocumentKind> = new Set<RevisedKind>([
  'AssetAdministrationShell',
  'Submodel',
  'ConceptDescription',
  'AssetAdministrationShellDescriptor'
])

/** The end of a revision: the document was `content` until then. */
export interface Revision {
  readonly kind: RevisedKind
  readonly id: string
  readonly action: RevisionAction
  /** Of the commit that ended it; milliseconds since 1970. */
  readonly time: number
  readonly seq: number
  /** In the order of all revisions. */
  readonly position: number
  /** Of the document, where it existed before: it stays while the document exists. */
  readonly document?: number
  /** Under which it is stored. */
  readonly revision: string
  /** Only what followed it leads to its content. */
  readonly isDifference: boolean
  /**
   * The content, as JSON. Undefined of the first one, which had none before, where the document was damaged, and of a
   * difference to something else.
   * @param next the content that followed, for a difference
   */
  json(next?: Buffer): Buffer | undefined
}

/** The facet of all revisions of a document. */
export function revisionsOf(kind: DocumentKind, id: string): Facet {
  return ['of', `${kind} ${id}`]
}

/** Before the content or the middle of a difference, in base64. */
const CONTENT = ',"content":"'

/** Longer middles are rare, and better compressed with the rest. */
const MAX_MIDDLE_BYTES = 512
/** On average one of this many differences is whole instead. */
const WHOLE_EVERY = 16

interface RevisionHead extends Pick<Revision, 'kind' | 'id' | 'action' | 'time' | 'seq' | 'document'> {
  /** With the checksum of the whole content. */
  readonly difference?: Pick<Difference, 'start' | 'end'> & { readonly crc: number }
}

/**
 * The document that keeps a revision.
 * @param before undefined: it is the first
 * @param next what the document becomes, where that is known
 */
export function toRevision(
  { kind, id, revision, action }: ChangeOf<'keep'>,
  { seq, time }: Pick<DatedCommit, 'seq' | 'time'>,
  before: { readonly position: number; readonly content: Buffer | undefined } | undefined,
  next?: string
): ChangeOf<'create'> {
  const content = before?.content
  const about = { kind, id, action, time, seq, document: before?.position }
  const isWhole = next === undefined || crc32(revision) % WHOLE_EVERY === 0
  const { head, kept } = (content && !isWhole && toDifference(content, next)) || {
    head: {},
    // Compressed: it takes an eighth of the disk, and less time to write than uncompressed.
    kept: content && deflateRawSync(content, { level: 1 })
  }
  const text = JSON.stringify({ ...about, ...head })
  const json = kept === undefined ? text : `${text.slice(0, -1)}${CONTENT}${kept.toString('base64')}"}`
  return { change: 'create', kind: 'Revision', id: revision, json, facets: [revisionsOf(kind, id)] }
}

function toDifference(content: Buffer, next: string) {
  const { start, end, middle } = differenceOf(content, Buffer.from(next))
  if (middle.length > MAX_MIDDLE_BYTES) return undefined
  return { head: { difference: { start, end, crc: crc32(content) } }, kept: middle }
}

/** What the change after one that keeps a document makes of it, where that is known before it is applied. */
export function successorOf({ kind, id }: ChangeOf<'keep'>, after: Change | undefined): string | undefined {
  if (after?.change !== 'replace' || after.kind !== kind || after.id !== id) return undefined
  // Of a part of a submodel the rest may have other values than it says, and what waits in a file is large.
  return after.touched === undefined && typeof after.json === 'string' ? after.json : undefined
}

/** Reads a stored revision; its content is unpacked when it is asked for. */
export function parseRevision({ id: revision, position, bytes }: Document): Revision {
  // Not within a text of the head, as its quotes would be escaped.
  const end = bytes.indexOf(CONTENT)
  const text = end === -1 ? bytes.toString() : `${bytes.toString('utf8', 0, end)}}`
  const { difference, ...head } = JSON.parse(text) as RevisionHead
  const kept = () => Buffer.from(bytes.toString('latin1', end + CONTENT.length, bytes.length - 2), 'base64')
  const json = (next?: Buffer) => {
    if (end === -1) return undefined
    if (difference === undefined) return inflateRawSync(kept())
    const content = next && withDifference(next, { ...difference, middle: kept() })
    return content !== undefined && crc32(content) === difference.crc ? content : undefined
  }
  return { ...head, position, revision, isDifference: difference !== undefined, json }
}

/** The same store, but its commits keep revisions. */
export function withRevisions(store: Store, clock: Pick<Clock, 'milliseconds'>): Store {
  const keep = (change: Change) => withKept(change, clock)
  return overrideMethods(store, {
    commit: (changes) => store.commit(changes.some(isRevised) ? changes.flatMap(keep) : changes)
  })
}

type DocumentChange = ChangeOf<'create' | 'replace' | 'delete'>

const actions: Readonly<Record<DocumentChange['change'], RevisionAction>> = {
  create: 'created',
  replace: 'updated',
  delete: 'deleted'
}

function isRevised(change: Change): change is DocumentChange {
  const { change: name } = change
  if (name !== 'replace' && name !== 'create' && name !== 'delete') return false
  return REVISED.has(change.kind) && !isScratch(change.id)
}

function withKept(change: Change, clock: Pick<Clock, 'milliseconds'>): readonly Change[] {
  if (!isRevised(change)) return [change]
  const { kind, id } = change
  return [{ change: 'keep', kind, id, revision: newRevisionId(clock), action: actions[change.change] }, change]
}

/**
 * Rising with time, so that the index grows at its end; at random beside that, as several hubs may write at once. The end
 * of a UUID has 48 random bits, which Node draws for many at once.
 */
function newRevisionId(clock: Pick<Clock, 'milliseconds'>): string {
  return `${clock.milliseconds().toString(36)}-${randomUUID().slice(-12)}`
}
