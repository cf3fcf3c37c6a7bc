/**
 * What documents were before: each commit that creates, replaces or deletes one also keeps what it was until then, as a
 * document of the kind `Revision`. So what changed, and when, is known as long as revisions are kept, whatever the log
 * still holds (`$recent-changes` and `$history` of Part 2, release 3.2).
 *
 * A revision holds the structure with the values of the commit that wrote it; values that were written since are in the
 * history. Attached files are not kept.
 */
import { randomBytes } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Clock } from '../clock.ts'
import { isScratch } from '../model/examination.ts'
import type { ChangeOf } from './change-rules.ts'
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
  /** Undefined of the first one, which had none before, and where the document was damaged. */
  content(): object | undefined
}

/** The facet of all revisions of a document. */
export function revisionsOf(kind: DocumentKind, id: string): Facet {
  return ['of', `${kind} ${id}`]
}

/** Before the content, which is compressed: it takes an eighth of the disk, and less  time to write than uncompressed. */
const CONTENT = ',"content":"'

/** The document that keeps a revision. @param before undefined: it is the first */
export function toRevision(
  { kind, id, revision, action }: ChangeOf<'keep'>,
  { seq, time }: Pick<DatedCommit, 'seq' | 'time'>,
  before: { readonly position: number; readonly content: Uint8Array | undefined } | undefined
): ChangeOf<'create'> {
  const content = before?.content
  const head = JSON.stringify({ kind, id, action, time, seq, document: before?.position })
  const packed = content && deflateRawSync(content, { level: 1 }).toString('base64')
  const json = packed === undefined ? head : `${head.slice(0, -1)}${CONTENT}${packed}"}`
  return { change: 'create', kind: 'Revision', id: revision, json, facets: [revisionsOf(kind, id)] }
}

/** Reads a stored revision; its content is parsed when it is asked for. */
export function parseRevision({ id: revision, position, bytes }: Document): Revision {
  // Not within a text of the head, as its quotes would be escaped.
  const end = bytes.indexOf(CONTENT)
  const head = end === -1 ? bytes.toString() : `${bytes.toString('utf8', 0, end)}}`
  return {
    ...(JSON.parse(head) as Pick<Revision, 'kind' | 'id' | 'action' | 'time' | 'seq' | 'document'>),
    position,
    revision,
    content: () => (end === -1 ? undefined : unpacked(bytes.toString('latin1', end + CONTENT.length, bytes.length - 2)))
  }
}

function unpacked(base64: string): object {
  return JSON.parse(inflateRawSync(Buffer.from(base64, 'base64')).toString()) as object
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

/** Rising with time, so that the index grows at its end; at random beside that, as several hubs may write at once. */
function newRevisionId(clock: Pick<Clock, 'milliseconds'>): string {
  return `${clock.milliseconds().toString(36)}-${randomBytes(6).toString('base64url')}`
}
