/**
 * What each kind of change does. The process that writes a commit applies its changes with all guards to the state
 * that it meets, and notes the effects that depend on that; every process replays them without guards.
 */
import type { Submodel } from '../../model/types.ts'
import {
  becomesCurrent,
  type ChangeOf,
  ChangeRefused,
  elementChanged,
  fileMissing,
  guardExpected,
  guardRevision,
  guardStructureRevision,
  guardValues,
  keepsRow,
  parseSubmodel,
  restoreValue,
  sourceTimeOf
} from '../change-rules.ts'
import { type DatedCommit, defaultSourceTime, isLate } from '../current-value.ts'
import { readText } from '../document-text.ts'
import { deriveElementRows, hasBlobValue } from '../element-rows.ts'
import { successorOf, toRevision } from '../revisions.ts'
import type { Change, DocumentKind, ElementRow, FileEntry } from '../store.ts'
import { appendToAudit } from './audit.ts'
import type { BodyRef, ChangeNote, LoggableChange, LoggedCommit } from './batch-content.ts'
import { keyOfChange } from './change-keys.ts'
import {
  DocumentState,
  type ElementOverride,
  type ElementRows,
  type HeadState,
  newElementRow,
  newElementRows,
  referenceChanges
} from './document.ts'
import { type BlobState, keyOf, type ReceiptState, type StateKey } from './keys.ts'
import type { Overlay } from './overlay.ts'

const NO_NOTE: ChangeNote = {}
const NO_FILES: ReadonlyMap<string, FileEntry> = new Map()

/**
 * Applies a commit.
 * @returns what is logged: the changes without guards, and a note for each
 * @throws ChangeRefused; then the overlay is to be discarded
 */
export function applyChanges(overlay: Overlay, changes: readonly Change[], commit: DatedCommit): LoggedCommit {
  const logged: LoggableChange[] = []
  const notes: ChangeNote[] = []
  for (const [index, change] of changes.entries()) {
    if (change.change === 'expect') {
      checkExpected(overlay, change)
      continue
    }
    const loggable =
      change.change === 'keep' ? revisionOf(overlay, change, successorOf(change, changes[index + 1]), commit) : change
    if (loggable === undefined) continue
    logged.push(loggable)
    notes.push(applyChange(overlay, loggable, commit, undefined))
  }
  return { changes: logged, notes }
}

/** The document that keeps a revision; undefined if there is nothing to keep. */
function revisionOf(
  overlay: Overlay,
  change: ChangeOf<'keep'>,
  next: string | undefined,
  commit: DatedCommit
): ChangeOf<'create'> | undefined {
  if (change.action === 'created') return toRevision(change, commit, undefined)
  const found = overlay.document(keyOf.document(change.kind, change.id))
  if (found == null) return undefined
  return toRevision(change, commit, { position: found.head.position, content: found.body }, next)
}

function checkExpected(overlay: Overlay, change: ChangeOf<'expect'>): void {
  const { kind, id, state } = change
  const key = keyOf.document(kind, id)
  guardExpected(change, overlay.head(key), () =>
    state !== 'absent' && 'path' in state ? overlay.row(key, state.path)?.value : undefined
  )
}

/** Applies what a commit of the log did to the wanted states. */
export function replayCommit(
  overlay: Overlay,
  { changes, notes }: LoggedCommit,
  commit: DatedCommit,
  isWanted: (key: StateKey) => boolean
) {
  for (const [index, change] of changes.entries()) {
    const note = notes[index] ?? NO_NOTE
    const key = keyOfChange(change)
    const isCreating = change.change === 'create' || change.change === 'idempotencyKey'
    // A document that is deleted in the end is loaded as absent, whatever batch it was stored as of: earlier changes of
    // it are skipped until it is created again.
    if (key !== undefined && isWanted(key) && (isCreating || overlay.head(key) !== undefined))
      applyChange(overlay, change, commit, note)
    for (const [blob, by] of note.blobs ?? []) {
      if (isWanted(keyOf.blob(blob))) changeReferences(overlay, blob, by, commit)
    }
  }
}

/** @param replayed the note of a logged change; undefined if it is applied for the first time, with guards */
function applyChange(
  overlay: Overlay,
  change: LoggableChange,
  commit: DatedCommit,
  replayed: ChangeNote | undefined
): ChangeNote {
  switch (change.change) {
    case 'create':
      return createDocument(overlay, change, commit, replayed)
    case 'replace':
      return replaceDocument(overlay, change, commit, replayed)
    case 'delete':
      return deleteDocument(overlay, change, commit, replayed)
    case 'value':
      return writeValue(overlay, change, commit, replayed)
    case 'samples':
      return writeSamples(overlay, change, commit)
    case 'idempotencyKey':
      return recordKey(overlay, change, commit, replayed)
    case 'attach':
      return attachFiles(overlay, change, commit, replayed)
    case 'detach':
      return detachFiles(overlay, change, commit, replayed)
    case 'audit':
      return appendToAudit(overlay, change, commit)
  }
}

function createDocument(
  overlay: Overlay,
  change: ChangeOf<'create'>,
  commit: DatedCommit,
  replayed: ChangeNote | undefined
): ChangeNote {
  const { seq } = commit
  const { kind, id, facets } = change
  const key = keyOf.document(kind, id)
  if (replayed === undefined && overlay.head(key) !== undefined) throw new ChangeRefused('AlreadyExists', kind, id)
  const json = readText(change.json)
  const moment = defaultSourceTime(commit)
  const submodel = kind === 'Submodel' ? parseSubmodel(json) : undefined
  const rows = submodel === undefined ? new Map<string, ElementRow>() : newElementRows(submodel, seq, moment)
  const position = replayed?.position ?? overlay.counters.position + 1
  const body = Buffer.from(json)
  const hasBlob = submodel !== undefined && hasBlobValue(submodel)
  const revisions = { revision: seq, structureRevision: seq, structureTime: moment }
  const head: HeadState = { kind, id, position, ...revisions, hasBlob, facets, files: NO_FILES }
  overlay.setDocument(key, new DocumentState(head, body, undefined, rows))
  if (replayed !== undefined) return replayed
  overlay.addToCounters({ position: 1, elements: rows.size, bodyBytes: body.length })
  countDocuments(overlay, kind, 1)
  return { position }
}

function replaceDocument(
  overlay: Overlay,
  change: ChangeOf<'replace'>,
  commit: DatedCommit,
  replayed: ChangeNote | undefined
): ChangeNote {
  const { kind, id, facets } = change
  const { key, head } = existing(overlay, kind, id)
  if (replayed === undefined) guardReplace(overlay, change)
  const before = overlay.document(key) as DocumentState
  const { json, rows, overrides, hasBlob } = replacedContent(overlay.rows(key), change, commit)
  const body = Buffer.from(json)
  // To be counted before the document is replaced.
  const added = replayed === undefined ? rows.size - before.rows().size : 0
  const revisions = { revision: commit.seq, structureRevision: commit.seq, structureTime: defaultSourceTime(commit) }
  overlay.setDocument(key, new DocumentState({ ...head, ...revisions, hasBlob, facets }, body, overrides, rows))
  if (replayed !== undefined) return replayed
  overlay.addToCounters({ elements: added, bodyBytes: body.length - before.body.length })
  return { body: bodyRefOf(before) }
}

function guardReplace(overlay: Overlay, change: ChangeOf<'replace'>): void {
  const { kind, id, ifRevision, asOf } = change
  const { key, head } = existing(overlay, kind, id)
  guardStructureRevision(change, head.structureRevision)
  guardRevision(ifRevision, head.revision, `${kind} "${id}"`)
  if (asOf === undefined || asOf >= head.revision) return
  const written = [...overlay.rows(key).values()].filter(({ revision }) => revision > asOf)
  guardValues(
    change,
    written.map(({ path }) => path)
  )
}

/** The new JSON with the values of untouched elements, and the rows that go with it. */
function replacedContent(
  before: ElementRows,
  { kind, json, touched }: ChangeOf<'replace'>,
  commit: DatedCommit
): {
  readonly json: string
  readonly rows: Map<string, ElementRow>
  readonly overrides: Map<string, ElementOverride>
  readonly hasBlob: boolean
} {
  const text = readText(json)
  if (kind !== 'Submodel') return { json: text, rows: new Map(), overrides: new Map(), hasBlob: false }
  const submodel = parseSubmodel(text)
  if (touched === undefined) {
    const rows = newElementRows(submodel, commit.seq, defaultSourceTime(commit))
    return { json: text, rows, overrides: new Map(), hasBlob: hasBlobValue(submodel) }
  }
  const { rows, overrides, isMerged } = keepUntouchedRows(before, submodel, touched, commit)
  return { json: isMerged ? JSON.stringify(submodel) : text, rows, overrides, hasBlob: hasBlobValue(submodel) }
}

/**
 * Rows of a new structure, of which untouched elements keep theirs. Values written to those since go into `submodel`;
 * `isMerged` if there were any.
 */
function keepUntouchedRows(
  before: ElementRows,
  submodel: Submodel,
  touched: readonly string[],
  commit: DatedCommit
): { rows: Map<string, ElementRow>; overrides: Map<string, ElementOverride>; isMerged: boolean } {
  const roots = new Set(touched)
  const rows = new Map<string, ElementRow>()
  const overrides = new Map<string, ElementOverride>()
  let isMerged = false
  for (const derived of deriveElementRows(submodel)) {
    const { path, semanticId } = derived
    // Of two elements with the same path, the path leads to the first.
    if (rows.has(path)) continue
    const kept = before.get(path)
    if (kept === undefined || !keepsRow(derived, kept, roots)) {
      rows.set(path, newElementRow(derived, commit.seq, defaultSourceTime(commit)))
      continue
    }
    if (restoreValue(derived, kept)) isMerged = true
    rows.set(path, { ...kept, semanticId })
    const { incarnation, revision, sourceTime, quality } = kept
    overrides.set(path, { value: undefined, incarnation, revision, sourceTime, quality })
  }
  return { rows, overrides, isMerged }
}

function deleteDocument(
  overlay: Overlay,
  { kind, id, ifRevision }: ChangeOf<'delete'>,
  commit: DatedCommit,
  replayed: ChangeNote | undefined
): ChangeNote {
  const { key, head } = existing(overlay, kind, id)
  if (replayed === undefined) guardRevision(ifRevision, head.revision, `${kind} "${id}"`)
  const before = overlay.document(key) as DocumentState
  overlay.setDocument(key, null)
  if (replayed !== undefined) return replayed
  overlay.addToCounters({ elements: -before.rows().size, bodyBytes: -before.body.length })
  countDocuments(overlay, kind, -1)
  const blobs = referenceChanges(head.files, NO_FILES)
  for (const [blob, by] of blobs) changeReferences(overlay, blob, by, commit)
  return { body: bodyRefOf(before), blobs }
}

function writeValue(
  overlay: Overlay,
  change: ChangeOf<'value'>,
  commit: DatedCommit,
  replayed: ChangeNote | undefined
): ChangeNote {
  const { submodel, path, value, quality } = change
  const { key, row } = expectedElement(overlay, change)
  if (replayed === undefined) {
    guardRevision(change.ifRevision, row.revision, `element "${path}" of submodel "${submodel}"`)
  }
  const sourceTime = sourceTimeOf(change, commit)
  if (becomesCurrent(change, row.sourceTime, commit)) {
    setRow(overlay, key, { ...row, value, quality, sourceTime, revision: commit.seq })
  }
  return NO_NOTE
}

function writeSamples(overlay: Overlay, change: ChangeOf<'samples'>, commit: DatedCommit): ChangeNote {
  const { value, quality, to, timing } = change
  const { key, row } = expectedElement(overlay, change)
  if (!isLate(row.sourceTime, to, commit, timing)) {
    setRow(overlay, key, { ...row, value, quality, sourceTime: to, revision: commit.seq })
  }
  return NO_NOTE
}

function setRow(overlay: Overlay, key: StateKey, row: ElementRow): void {
  overlay.setRow(key, row)
  const head = overlay.head(key) as HeadState
  // A Blob may have gained or lost its value; the next reader finds out which.
  overlay.setHead(key, { ...head, revision: row.revision, hasBlob: head.hasBlob || row.modelType === 'Blob' })
}

/** The element that a value is for, if it is still the one that the sender saw. */
function expectedElement(overlay: Overlay, change: ChangeOf<'value'> | ChangeOf<'samples'>) {
  const { submodel, path, incarnation } = change
  const key = keyOf.document('Submodel', submodel)
  const row = overlay.row(key, path)
  if (row === undefined || row.incarnation !== incarnation) throw elementChanged(submodel, path)
  return { key, row }
}

function recordKey(
  overlay: Overlay,
  change: ChangeOf<'idempotencyKey'>,
  { seq }: DatedCommit,
  replayed: ChangeNote | undefined
): ChangeNote {
  const key = keyOf.receipt(change.key)
  const found = overlay.otherState(key) as ReceiptState | null | undefined
  if (replayed === undefined && found != null && found.seq > overlay.counters.trimmed) {
    throw new ChangeRefused('AlreadyExists', 'Batch', change.key)
  }
  overlay.setOtherState(key, { key: change.key, seq })
  return NO_NOTE
}

function attachFiles(
  overlay: Overlay,
  { kind, id, files }: ChangeOf<'attach'>,
  commit: DatedCommit,
  replayed: ChangeNote | undefined
): ChangeNote {
  const { head } = existing(overlay, kind, id)
  if (replayed === undefined) {
    for (const { blob } of files) {
      if (overlay.otherState(keyOf.blob(blob)) == null) throw fileMissing(blob)
    }
  }
  const after = new Map(head.files)
  for (const { name, contentType, fileName, size, blob } of files) {
    after.set(name, { name, contentType, fileName, size, blob })
  }
  return setFiles(overlay, head, after, commit, replayed)
}

function detachFiles(
  overlay: Overlay,
  { kind, id, names }: ChangeOf<'detach'>,
  commit: DatedCommit,
  replayed: ChangeNote | undefined
): ChangeNote {
  const { head } = existing(overlay, kind, id)
  const after = new Map(head.files)
  for (const name of names) after.delete(name)
  return setFiles(overlay, head, after, commit, replayed)
}

function setFiles(
  overlay: Overlay,
  head: HeadState,
  files: Map<string, FileEntry>,
  commit: DatedCommit,
  replayed: ChangeNote | undefined
): ChangeNote {
  overlay.setHead(keyOf.document(head.kind, head.id), { ...head, revision: commit.seq, files })
  if (replayed !== undefined) return replayed
  const blobs = referenceChanges(head.files, files)
  for (const [blob, by] of blobs) changeReferences(overlay, blob, by, commit)
  return blobs.length === 0 ? NO_NOTE : { blobs }
}

/** Does nothing for a blob that is not loaded. */
function changeReferences(overlay: Overlay, blob: string, by: number, { time }: DatedCommit): void {
  const key = keyOf.blob(blob)
  const found = overlay.otherState(key) as BlobState | null | undefined
  if (found != null) overlay.setOtherState(key, { ...found, refs: found.refs + by, at: time })
}

function existing(overlay: Overlay, kind: DocumentKind, id: string): { key: StateKey; head: HeadState } {
  const key = keyOf.document(kind, id)
  const head = overlay.head(key)
  if (head === undefined) throw new ChangeRefused('NotFound', kind, id)
  return { key, head }
}

function bodyRefOf(document: DocumentState): BodyRef {
  const { position, structureRevision } = document.head
  return { position, structure: structureRevision, size: document.body.length, elements: document.rows().size }
}

function countDocuments(overlay: Overlay, kind: DocumentKind, by: number): void {
  const { documents } = overlay.counters
  overlay.counters = { ...overlay.counters, documents: { ...documents, [kind]: (documents[kind] ?? 0) + by } }
}
