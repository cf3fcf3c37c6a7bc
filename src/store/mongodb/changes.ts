/**
 * What each kind of change does. The process that writes a commit carries its changes out on what they find, guards and
 * all, and notes what they came to; the others carry out the same changes without guards.
 */

import { HubError } from '../../errors.ts'
import type { Submodel } from '../../model/types.ts'
import { writeValueMembers } from '../../model/value-members.ts'
import { type DatedCommit, defaultSourceTime, isLate } from '../current-value.ts'
import { readText } from '../document-text.ts'
import { deriveElementRows, hasBlobValue } from '../element-rows.ts'
import type { Change, DocumentKind, ElementRow, FileEntry } from '../store.ts'
import type { BodyName, LoggedCommit, Note } from './content.ts'
import { DocumentState, fresh, freshRows, type Head, type Written } from './document.ts'
import { type Blob, type Key, keyOf } from './keys.ts'
import type { Overlay } from './overlay.ts'

type Of<Name extends Change['change']> = Extract<Change, { change: Name }>

const NOTHING: Note = {}
const NO_FILES: ReadonlyMap<string, FileEntry> = new Map()

/** Carries out a commit, or throws a HubError where it may not be; then the layer is to be dropped. */
export function perform(space: Overlay, changes: readonly Change[], commit: DatedCommit): Note[] {
  return changes.map((change) => one(space, change, commit, undefined))
}

/** Carries out what a commit in the log did to those of these names. */
export function repeat(
  space: Overlay,
  { changes, notes }: LoggedCommit,
  commit: DatedCommit,
  isWanted: (key: Key) => boolean
) {
  for (const [index, change] of changes.entries()) {
    const note = notes[index] ?? NOTHING
    const key = keyOfChange(change)
    const isMade = change.change === 'create' || change.change === 'idempotencyKey'
    // Of a document that was deleted in the end, nothing tells up to where it was carried out: it is not there before
    // it is made again.
    if (isWanted(key) && (isMade || space.head(key) !== undefined)) one(space, change, commit, note)
    for (const [blob, by] of note.blobs ?? []) if (isWanted(keyOf.blob(blob))) refer(space, blob, by, commit)
  }
}

/** What a change is about. */
function keyOfChange(change: Change): Key {
  switch (change.change) {
    case 'value':
    case 'samples':
      return keyOf.document('Submodel', change.submodel)
    case 'idempotencyKey':
      return keyOf.receipt(change.key)
    default:
      return keyOf.document(change.kind, change.id)
  }
}

/** Everything that must be loaded for a change. */
export function* neededFor(change: Change): Generator<Key> {
  yield keyOfChange(change)
  if (change.change === 'attach') for (const { blob } of change.files) yield keyOf.blob(blob)
}

/** @param told what the change came to where it is carried out again; then there are no guards */
function one(space: Overlay, change: Change, commit: DatedCommit, told: Note | undefined): Note {
  switch (change.change) {
    case 'create':
      return create(space, change, commit, told)
    case 'replace':
      return replace(space, change, commit, told)
    case 'delete':
      return remove(space, change, commit, told)
    case 'value':
      return write(space, change, commit, told)
    case 'samples':
      return take(space, change, commit, told)
    case 'idempotencyKey':
      return once(space, change, commit, told)
    case 'attach':
      return attach(space, change, commit, told)
    case 'detach':
      return detach(space, change, commit, told)
  }
}

function create(space: Overlay, change: Of<'create'>, commit: DatedCommit, told: Note | undefined): Note {
  const { seq } = commit
  const moment = defaultSourceTime(commit)
  const { kind, id, facets } = change
  const json = readText(change.json)
  const key = keyOf.document(kind, id)
  if (told === undefined && space.head(key) !== undefined) throw new HubError('AlreadyExists', [kind, id])
  const submodel = kind === 'Submodel' ? parse(json) : undefined
  const rows = submodel === undefined ? new Map<string, ElementRow>() : freshRows(submodel, seq, moment)
  const position = told?.position ?? space.counters.position + 1
  const body = Buffer.from(json)
  const hasBlob = submodel !== undefined && hasBlobValue(submodel)
  const times = { revision: seq, structureRevision: seq, structureTime: moment }
  const head: Head = { kind, id, position, ...times, hasBlob, facets, files: NO_FILES }
  space.setDocument(key, new DocumentState(head, body, undefined, rows))
  if (told !== undefined) return told
  space.count({ position: 1, elements: rows.size, bodyBytes: body.length })
  countDocuments(space, kind, 1)
  return { position }
}

function replace(space: Overlay, change: Of<'replace'>, commit: DatedCommit, told: Note | undefined): Note {
  const { seq } = commit
  const moment = defaultSourceTime(commit)
  const { kind, id, facets, touched, ifStructureRevision, asOf } = change
  const { key, head } = existing(space, kind, id)
  if (told === undefined) {
    if (ifStructureRevision !== undefined && ifStructureRevision !== head.structureRevision) {
      throw new HubError('Conflict', [`${kind} "${id}" was changed meanwhile`])
    }
    guardRevision(change.ifRevision, head.revision, `${kind} "${id}"`)
    if (asOf !== undefined && asOf < head.revision) guardValues(space.rows(key), change, asOf)
  }
  const before = space.document(key) as DocumentState
  let json = readText(change.json)
  let rows = new Map<string, ElementRow>()
  let written = new Map<string, Written>()
  let hasBlob = false
  if (kind === 'Submodel') {
    const submodel = parse(json)
    if (touched === undefined) rows = freshRows(submodel, seq, moment)
    else {
      const kept = keepUntouched(space.rows(key), submodel, touched, { seq, moment })
      if (kept.merged) json = JSON.stringify(submodel)
      ;({ rows, written } = kept)
    }
    hasBlob = hasBlobValue(submodel)
  }
  const body = Buffer.from(json)
  const elements = told === undefined ? rows.size - before.rows().size : 0
  space.setDocument(
    key,
    new DocumentState(
      { ...head, revision: seq, structureRevision: seq, structureTime: moment, hasBlob, facets },
      body,
      written,
      rows
    )
  )
  if (told !== undefined) return told
  space.count({ elements, bodyBytes: body.length - before.body.length })
  return { body: nameOf(before) }
}

function remove(space: Overlay, change: Of<'delete'>, commit: DatedCommit, told: Note | undefined): Note {
  const { kind, id, ifRevision } = change
  const { key, head } = existing(space, kind, id)
  if (told === undefined) guardRevision(ifRevision, head.revision, `${kind} "${id}"`)
  const before = space.document(key) as DocumentState
  space.setDocument(key, null)
  if (told !== undefined) return told
  space.count({ elements: -before.rows().size, bodyBytes: -before.body.length })
  countDocuments(space, kind, -1)
  const blobs = changeOf(head.files, new Map())
  for (const [blob, by] of blobs) refer(space, blob, by, commit)
  return { body: nameOf(before), blobs }
}

function nameOf(document: DocumentState): BodyName {
  const { position, structureRevision } = document.head
  return { position, structure: structureRevision, size: document.body.length, elements: document.rows().size }
}

function write(space: Overlay, change: Of<'value'>, commit: DatedCommit, told: Note | undefined): Note {
  const { submodel, path, value, quality } = change
  const { key, row } = guarded(space, change)
  if (told === undefined) {
    guardRevision(change.ifRevision, row.revision, `element "${path}" of submodel "${submodel}"`)
  }
  const sourceTime = change.sourceTime ?? defaultSourceTime(commit)
  if (BigInt.asIntN(64, sourceTime) !== sourceTime)
    throw new HubError('BadRequest', ['The source time is out of range'])
  // Only a value that names its time can be late; one of now is current by definition, whatever clocks said before.
  if (change.sourceTime === undefined || !isLate(row.sourceTime, sourceTime, commit, change.timing)) {
    put(space, key, { ...row, value, quality, sourceTime, revision: commit.seq })
  }
  return NOTHING
}

function take(space: Overlay, change: Of<'samples'>, commit: DatedCommit, _told: Note | undefined): Note {
  const { value, quality, to } = change
  const { key, row } = guarded(space, change)
  if (!isLate(row.sourceTime, to, commit, change.timing)) {
    put(space, key, { ...row, value, quality, sourceTime: to, revision: commit.seq })
  }
  return NOTHING
}

function put(space: Overlay, key: Key, row: ElementRow): void {
  space.setRow(key, row)
  const head = space.head(key) as Head
  // A blob may have got or lost its value: which of both, the next reader finds out.
  space.setHead(key, { ...head, revision: row.revision, hasBlob: head.hasBlob || row.modelType === 'Blob' })
}

/** The element that a value is for, if it is still the one that the sender saw. */
function guarded(space: Overlay, { submodel, path, incarnation }: Of<'value'> | Of<'samples'>) {
  const key = keyOf.document('Submodel', submodel)
  const row = space.row(key, path)
  if (row !== undefined && row.incarnation === incarnation) return { key, row }
  const text = `The element "${path}" of submodel "${submodel}" was changed or removed meanwhile`
  throw new HubError('Conflict', [text])
}

function once(space: Overlay, change: Of<'idempotencyKey'>, { seq }: DatedCommit, told: Note | undefined): Note {
  const key = keyOf.receipt(change.key)
  const found = space.other(key) as { seq: number } | null | undefined
  if (told === undefined && found != null && found.seq > space.counters.trimmed) {
    throw new HubError('AlreadyExists', ['Batch', change.key])
  }
  space.setOther(key, { key: change.key, seq })
  return NOTHING
}

function attach(space: Overlay, { kind, id, files }: Of<'attach'>, commit: DatedCommit, told: Note | undefined): Note {
  const { key, head } = existing(space, kind, id)
  if (told === undefined) {
    for (const { blob } of files) {
      if (space.other(keyOf.blob(blob)) == null) throw new HubError('NotFound', ['The stored file', blob])
    }
  }
  const after = new Map(head.files)
  for (const { name, contentType, fileName, size, blob } of files) {
    after.set(name, { name, contentType, fileName, size, blob })
  }
  return refile(space, key, head, after, commit, told)
}

function detach(space: Overlay, { kind, id, names }: Of<'detach'>, commit: DatedCommit, told: Note | undefined): Note {
  const { key, head } = existing(space, kind, id)
  const after = new Map(head.files)
  for (const name of names) after.delete(name)
  return refile(space, key, head, after, commit, told)
}

function refile(
  ...[space, key, head, files, commit, told]: [
    Overlay,
    Key,
    Head,
    Map<string, FileEntry>,
    DatedCommit,
    Note | undefined
  ]
): Note {
  space.setHead(key, { ...head, revision: commit.seq, files })
  if (told !== undefined) return told
  const blobs = changeOf(head.files, files)
  for (const [blob, by] of blobs) refer(space, blob, by, commit)
  return blobs.length === 0 ? NOTHING : { blobs }
}

/** A document refers to a blob more or less often than before. What is not loaded is nobody's concern here. */
function refer(space: Overlay, blob: string, by: number, { time }: DatedCommit): void {
  const key = keyOf.blob(blob)
  const found = space.other(key) as Blob | null | undefined
  if (found != null) space.setOther(key, { ...found, refs: found.refs + by, at: time })
}

function changeOf(before: Head['files'], after: Head['files']): [blob: string, by: number][] {
  const counts = new Map<string, number>()
  for (const { blob } of before.values()) counts.set(blob, (counts.get(blob) ?? 0) - 1)
  for (const { blob } of after.values()) counts.set(blob, (counts.get(blob) ?? 0) + 1)
  return [...counts].filter(([, by]) => by !== 0)
}

function existing(space: Overlay, kind: DocumentKind, id: string): { key: Key; head: Head } {
  const key = keyOf.document(kind, id)
  const head = space.head(key)
  if (head === undefined) throw new HubError('NotFound', [kind, id])
  return { key, head }
}

/**
 * The rows of a new structure: an element outside of what was touched keeps its row, and with it what was written
 * meanwhile: its value goes into the new document. `merged` tells whether any did.
 */
function keepUntouched(
  stored: ReadonlyMap<string, ElementRow>,
  submodel: Submodel,
  touched: readonly string[],
  { seq, moment }: { readonly seq: number; readonly moment: bigint }
) {
  const roots = new Set(touched)
  const rows = new Map<string, ElementRow>()
  const written = new Map<string, Written>()
  let merged = false
  for (const derived of deriveElementRows(submodel)) {
    const { path, modelType, valueType, semanticId, element } = derived
    // Of two elements with the same path, the path leads to the first.
    if (rows.has(path)) continue
    const before = stored.get(path)
    const sameKind = before?.modelType === modelType && before.valueType === valueType
    if (before === undefined || !sameKind || isTouched(path, roots)) {
      rows.set(path, fresh(derived, seq, moment))
      continue
    }
    if (before.value !== derived.value) {
      writeValueMembers(element, JSON.parse(before.value))
      merged = true
    }
    rows.set(path, { ...before, semanticId })
    const { incarnation, revision, sourceTime, quality } = before
    written.set(path, { value: undefined, incarnation, revision, sourceTime, quality })
  }
  return { rows, written, merged }
}

/** Refuses a document that would take back a value written after it was read. */
function guardValues(rows: ReadonlyMap<string, ElementRow>, { id, touched }: Of<'replace'>, asOf: number): void {
  const roots = touched && new Set(touched)
  for (const { path, revision } of rows.values()) {
    if (revision > asOf && (roots === undefined || isTouched(path, roots))) {
      throw new HubError('Conflict', [`The element "${path}" of submodel "${id}" was written to meanwhile`])
    }
  }
}

function guardRevision(wanted: number | undefined, found: number, what: string): void {
  if (wanted !== undefined && wanted !== found) throw new HubError('PreconditionFailed', [what])
}

/** The store does not validate, but it can only take apart what is a submodel. */
function parse(json: string): Submodel {
  try {
    return JSON.parse(json) as Submodel
  } catch (error) {
    throw new HubError('BadRequest', [`The submodel is not JSON: ${(error as Error).message}`])
  }
}

/** Is the element at `path`, or one above it, among the roots? */
function isTouched(path: string, roots: ReadonlySet<string>): boolean {
  if (roots.has(path)) return true
  for (let end = path.length - 1; end > 0; end--) {
    const sign = path[end]
    if ((sign === '.' || sign === '[') && roots.has(path.slice(0, end))) return true
  }
  return false
}

function countDocuments(space: Overlay, kind: DocumentKind, by: number): void {
  const { documents } = space.counters
  space.counters = { ...space.counters, documents: { ...documents, [kind]: (documents[kind] ?? 0) + by } }
}
