/**
 * How everything that is selected is now. The place in the log is taken first, so what changes meanwhile comes after;
 * an element that has been written to since is left out here, as the log is about to tell its newer values anyway.
 */
import { setImmediate } from 'node:timers/promises'
import { parsePath } from '../../model/path.ts'
import type { Submodel, SubmodelElement } from '../../model/types.ts'
import { valueMembersOf, writeValue } from '../../model/values.ts'
import { type Container, resolve, walk } from '../../model/walk.ts'
import type { Document, DocumentKind, ElementRow } from '../../store/store.ts'
import { kindOf, type Matcher } from './matcher.ts'
import { noteSize } from './message.ts'
import { elementKey } from './newest.ts'
import { Out } from './out.ts'
import type { Past } from './past.ts'
import type { Subscriber } from './subscriber.ts'
import type { DocumentEvent, ValueEvent } from './subscription.ts'
import { valueOnly } from './telling.ts'

export interface SnapshotState {
  /** The log is told from behind this commit on. */
  readonly base: number
  /** Which of the kinds of documents, and where in it. */
  stage: number
  after: number
  afterId: string
  /** Up to which element the document behind has been looked at; '' where it has not. */
  path: string
}

export function startSnapshot(base: number): SnapshotState {
  return { base, stage: 0, after: 0, afterId: '', path: '' }
}

const STAGES: readonly DocumentKind[] = [
  'AssetAdministrationShell',
  'Submodel',
  'ConceptDescription',
  'AssetAdministrationShellDescriptor',
  'SubmodelDescriptor',
  'AssetLinks',
  'Package',
  'Validation'
]

const PAGE = 20

/** Commits up to which elements that came anew were shown are kept for so many; only those could be told twice. */
const SHOWN = 100_000

export async function snapshotTurn(
  subscriber: Subscriber,
  past: Past,
  state: SnapshotState,
  until: number
): Promise<void> {
  const { matcher } = subscriber.group
  const out = new Out(subscriber, { snapshot: 'part' })
  const pause = () => {
    if (out.isFull) out.send(undefined)
    return !subscriber.isReady || performance.now() > until
  }
  for (; state.stage < STAGES.length; state.stage++, state.after = 0, state.afterId = '') {
    const kind = STAGES[state.stage] ?? 'Submodel'
    for (let more = isAsked(kind, matcher); more; ) {
      const page = await pageOf(kind, past, matcher, state)
      for (const document of page.documents) {
        const present: unknown = JSON.parse(document.bytes.toString())
        noteSize(present, document.bytes.length)
        if (state.path === '') await showDocument(document, present, subscriber, out)
        if (
          kind === 'Submodel' &&
          !(await showValues(document, present as Submodel, subscriber, past, state, out, pause))
        ) {
          return
        }
        state.after = document.position
        state.afterId = document.id
        state.path = ''
        if (pause()) return out.send(undefined)
      }
      more = page.more
      await setImmediate()
    }
  }
  out.send(undefined)
  delete subscriber.past.snapshot
  subscriber.tell({ events: [], snapshot: 'end' }, { seq: state.base, index: 0 }, 0)
}

function isAsked(kind: DocumentKind, { kinds }: Matcher): boolean {
  return kinds.has(kindOf({ change: 'updated', kind, id: '' })) || (kind === 'Submodel' && kinds.has('value'))
}

/** The next documents of a kind: those that are named, or all. */
async function pageOf(
  kind: DocumentKind,
  { store, shells }: Past,
  matcher: Matcher,
  { after, afterId }: SnapshotState
): Promise<{ documents: readonly Document[]; more: boolean }> {
  const named = namedIds(kind, matcher, shells)
  if (named === undefined) {
    const { items, next } = await store.documents(kind, [], { after, limit: PAGE })
    return { documents: items, more: next !== undefined }
  }
  const ids = [...named].sort().filter((id) => id > afterId)
  const documents: Document[] = []
  for (const id of ids.slice(0, PAGE)) {
    const document = await store.document(kind, id)
    if (document !== undefined) documents.push(document)
  }
  return { documents, more: ids.length > PAGE }
}

/** Ids beyond which no document of a kind is selected; undefined: any may be. */
function namedIds(kind: DocumentKind, matcher: Matcher, shells: Past['shells']): Iterable<string> | undefined {
  switch (kind) {
    case 'Submodel':
    case 'SubmodelDescriptor':
    case 'Validation':
      return matcher.submodels ?? matcher.shells?.flatMap((shell) => [...shells.of(shell)])
    default:
      return matcher.shells
  }
}

async function showDocument(
  { kind, id, revision }: Document,
  present: unknown,
  subscriber: Subscriber,
  out: Out
): Promise<void> {
  const { matcher, projection } = subscriber.group
  if (!(await matcher.document({ change: 'updated', kind, id }, false))) return
  if (kind === 'Submodel' && !hasSelected(present as Submodel, matcher)) return
  const event: DocumentEvent = {
    event: 'document',
    kind: kindOf({ change: 'updated', kind, id }),
    seq: revision,
    index: 0,
    time: Date.now(),
    snapshot: true,
    change: 'updated',
    of: kind,
    id,
    ...(projection.full && { document: present })
  }
  out.add([event])
}

/** Is there an element of a path that is asked for? A change may have taken it away; what is there now shows it. */
function hasSelected(submodel: Submodel, matcher: Matcher): boolean {
  if (!matcher.hasPaths) return true
  for (const { path } of walk(submodel)) if (matcher.path(path)) return true
  return false
}

/** @returns whether it came to the end of the submodel; else `state` says where it stands */
async function showValues(
  document: Document,
  present: Submodel,
  subscriber: Subscriber,
  past: Past,
  state: SnapshotState,
  out: Out,
  pause: () => boolean
): Promise<boolean> {
  const { matcher, projection } = subscriber.group
  const { id } = document
  if (!matcher.kinds.has('value') || !matcher.submodel(id)) return true
  // Where that element was taken away meanwhile the submodel is shown anew.
  let isSeen = resolve(present, parsePath(state.path) ?? []) !== undefined
  const semanticIds = new Map<Container, ReadonlySet<string>>([[present, withId(new Set(), present)]])
  for (const { element, path, parent } of walk(present)) {
    const ids = withId(semanticIds.get(parent) ?? new Set(), element)
    semanticIds.set(element, ids)
    if (isSeen) {
      isSeen = path !== state.path
      continue
    }
    if (valueMembersOf(element.modelType).length === 0 || !matcher.element(path, ids)) continue
    const row = await past.store.element(id, path)
    if (row === undefined || row.value === '{}' || isToldAnyway(row, state)) continue
    if (row.revision > state.base && subscriber.past.shown.size < SHOWN) {
      subscriber.past.shown.set(elementKey({ submodel: id, path }), row.revision)
      subscriber.past.shownUntil = Math.max(subscriber.past.shownUntil, row.revision)
    }
    out.add([valueEvent(id, row, projection.full ? element : undefined)])
    state.path = path
    if (out.isFull && pause()) return false
  }
  return true
}

/** Written to since the snapshot began, and not because it came anew: the log tells the value. */
function isToldAnyway({ revision, stamp }: ElementRow, { base }: SnapshotState): boolean {
  return revision > base && stamp <= base
}

function valueEvent(submodel: string, row: ElementRow, element: SubmodelElement | undefined): ValueEvent {
  const { path, modelType, valueType, value, revision, sourceTime, quality } = row
  // The row may be newer than the document was.
  const shown = element && { ...element }
  if (shown !== undefined) writeValue(shown, JSON.parse(value))
  return {
    event: 'value',
    kind: 'value',
    seq: revision,
    index: 0,
    time: Date.now(),
    snapshot: true,
    submodel,
    path,
    modelType,
    value: valueOnly({ modelType, valueType, semanticIds: new Set() }, value),
    ...(sourceTime !== undefined && { sourceTime }),
    ...(quality !== undefined && { quality }),
    ...(shown !== undefined && { element: shown })
  }
}

function withId(around: ReadonlySet<string>, { semanticId }: Container): ReadonlySet<string> {
  const id = semanticId?.keys?.[0]?.value
  return id === undefined ? around : new Set(around).add(id)
}
