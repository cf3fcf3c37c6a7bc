/**
 * Sends the current state of everything that is selected. The position in the log is taken first, so changes during the
 * snapshot come after it; elements that were written to since then are left out, as the log has their newer values.
 */
import { setImmediate } from 'node:timers/promises'
import { parseStoredPath } from '../../model/path.ts'
import type { Submodel, SubmodelElement } from '../../model/types.ts'
import { valueMemberNames, writeValueMembers } from '../../model/value-members.ts'
import { type Container, resolve, walk } from '../../model/walk.ts'
import { unlessDamaged } from '../../store/damage.ts'
import type { Document, DocumentKind, ElementRow } from '../../store/store.ts'
import type { CatchUpSources, CatchUpTarget, SnapshotState } from './catch-up-state.ts'
import { ChangeEvents } from './change-events.ts'
import { CurrentState } from './current-state.ts'
import { valueEvent, valueOnly } from './events.ts'
import { elementKey } from './latest-per-element.ts'
import { kindOf, type Matcher } from './matcher.ts'
import { noteSize } from './message.ts'
import { MessageBatcher } from './message-batcher.ts'
import { selectedChange, visibleState } from './selected-change.ts'
import type { ValueEvent } from './subscription.ts'

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

const DOCUMENTS_PER_READ = 20

/** Elements created during the snapshot for which the shown revision is remembered; beyond it a value may be sent twice. */
const MAX_SHOWN = 100_000

export async function sendSnapshot(
  target: CatchUpTarget,
  sources: CatchUpSources,
  state: SnapshotState,
  until: number
): Promise<void> {
  const { matcher } = target
  const batcher = new MessageBatcher(target, { snapshot: 'part' })
  const isTimeOver = () => {
    if (batcher.isFull) batcher.send(undefined)
    return !target.isReady || sources.clock.monotonic() > until
  }
  for (; state.stage < STAGES.length; state.stage++, state.after = 0, state.afterId = '') {
    const kind = STAGES[state.stage] ?? 'Submodel'
    for (let more = isSelected(kind, matcher); more; ) {
      const page = await pageOf(kind, sources, matcher, state)
      for (const document of page.documents) {
        const parsed = JSON.parse(document.bytes.toString()) as object
        noteSize(parsed, document.bytes.length)
        const current = new CurrentState(sources.store)
        current.keep(kind, document.id, parsed)
        if (state.path === '') await showDocument(document, current, target, sources, batcher)
        if (
          kind === 'Submodel' &&
          !(await showValues(document, parsed as Submodel, current, target, sources, state, batcher, isTimeOver))
        ) {
          return
        }
        state.after = document.position
        state.afterId = document.id
        state.path = ''
        if (isTimeOver()) return batcher.send(undefined)
      }
      more = page.more
      await setImmediate()
    }
  }
  if (target.mustRegroup) return
  batcher.send(undefined)
  delete target.catchUp.snapshot
  target.send({ events: [], snapshot: 'end' }, { seq: state.base, index: 0 }, 0)
}

function isSelected(kind: DocumentKind, { kinds }: Matcher): boolean {
  return kinds.has(kindOf({ change: 'updated', kind, id: '' })) || (kind === 'Submodel' && kinds.has('value'))
}

/** The next documents of a kind: those that the request names, or all. */
async function pageOf(
  kind: DocumentKind,
  { store, shells }: CatchUpSources,
  matcher: Matcher,
  { after, afterId }: SnapshotState
): Promise<{ documents: readonly Document[]; more: boolean }> {
  const named = namedIds(kind, matcher, shells)
  if (named === undefined) {
    const { items, next } = await store.documents(kind, [], { after, limit: DOCUMENTS_PER_READ })
    return { documents: items, more: next !== undefined }
  }
  const ids = [...named].sort().filter((id) => id > afterId)
  const documents: Document[] = []
  for (const id of ids.slice(0, DOCUMENTS_PER_READ)) {
    const document = await unlessDamaged(store.document(kind, id))
    if (document !== undefined) documents.push(document)
  }
  return { documents, more: ids.length > DOCUMENTS_PER_READ }
}

/** The only ids of a kind that can be selected; undefined: any. */
function namedIds(
  kind: DocumentKind,
  matcher: Matcher,
  shells: CatchUpSources['shells']
): Iterable<string> | undefined {
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
  current: CurrentState,
  target: CatchUpTarget,
  { clock, metadata }: CatchUpSources,
  batcher: MessageBatcher
): Promise<void> {
  const { matcher, projection } = target
  const selected = await selectedChange(target, { change: 'updated', kind, id }, false, current)
  if (selected === undefined || 'path' in selected) return
  const visible = visibleState(target, current)
  // Elements that were touched are selected already.
  if (
    kind === 'Submodel' &&
    selected.touched === undefined &&
    !hasSelected(await visible.document(kind, id), matcher)
  ) {
    return
  }
  // Its position in the log is that of the document.
  const changeEvents = new ChangeEvents({ seq: revision, time: clock.milliseconds(), changes: [] }, selected, 0)
  await changeEvents.prepare(metadata, projection.full ? visible : undefined)
  batcher.add(changeEvents.events(projection, 0, 1).map((event) => ({ ...event, snapshot: true })))
}

/** Is there an element at a selected path now? */
function hasSelected(submodel: unknown, matcher: Matcher): boolean {
  if (!matcher.hasPaths) return true
  for (const { path } of walk(submodel as Submodel)) if (matcher.path(path)) return true
  return false
}

/** @returns whether the end of the submodel was reached; else `state` has the position */
async function showValues(
  { id }: Document,
  submodel: Submodel,
  current: CurrentState,
  target: CatchUpTarget,
  { store, clock }: CatchUpSources,
  state: SnapshotState,
  batcher: MessageBatcher,
  isTimeOver: () => boolean
): Promise<boolean> {
  const { matcher, visible, projection, catchUp } = target
  if (!matcher.kinds.has('value') || !matcher.submodel(id)) return true
  const shown = visibleState(target, current)
  // The element at which it paused may have been removed: then the submodel is sent from its beginning.
  let isSeen = resolve(submodel, parseStoredPath(state.path) ?? []) !== undefined
  const semanticIds = new Map<Container, ReadonlySet<string>>([[submodel, withId(new Set(), submodel)]])
  for (const { element, path, parent } of walk(submodel)) {
    const ids = withId(semanticIds.get(parent) ?? new Set(), element)
    semanticIds.set(element, ids)
    if (isSeen) {
      isSeen = path !== state.path
      continue
    }
    if (valueMemberNames(element.modelType).length === 0 || !matcher.element(path, ids)) continue
    // What is hidden neither is shown nor selects.
    if (
      visible !== undefined &&
      !((await visible.value(id, path, current)) && (await matcher.value(id, path, false)))
    ) {
      state.path = path
      if (!isTimeOver()) continue
      batcher.send(undefined)
      return false
    }
    const row = await unlessDamaged(store.element(id, path))
    if (row === undefined || row.value === '{}' || isInLog(row, state)) continue
    if (row.revision > state.base && catchUp.shown.size < MAX_SHOWN) {
      catchUp.shown.set(elementKey({ submodel: id, path }), row.revision)
      catchUp.shownUntil = Math.max(catchUp.shownUntil, row.revision)
    }
    const full = projection.full ? await shown.element(id, path) : undefined
    batcher.add([currentValueEvent(id, row, full, clock.milliseconds())])
    state.path = path
    if (batcher.isFull && isTimeOver()) return false
  }
  return true
}

/** Written to since the snapshot began, other than by its creation: the log has the value. */
function isInLog({ revision, incarnation }: ElementRow, { base }: SnapshotState): boolean {
  return revision > base && incarnation <= base
}

function currentValueEvent(
  submodel: string,
  row: ElementRow,
  element: SubmodelElement | undefined,
  time: number
): ValueEvent {
  const { path, modelType, valueType, value, revision, sourceTime, quality } = row
  // The row may be newer than the document.
  const shown = element && { ...element }
  if (shown !== undefined) writeValueMembers(shown, JSON.parse(value))
  const metadata = { modelType, valueType, semanticIds: new Set<string>() }
  return valueEvent(
    { seq: revision, index: 0, time, snapshot: true },
    { submodel, path, metadata, element: shown },
    valueOnly(metadata, value),
    sourceTime,
    quality
  )
}

function withId(around: ReadonlySet<string>, { semanticId }: Container): ReadonlySet<string> {
  const id = semanticId?.keys?.[0]?.value
  return id === undefined ? around : new Set(around).add(id)
}
