/**
 * GET …/$history (Part 2, release 3.2): a shell or submodel as it was valid at a time. Its structure is that of a kept
 * revision, its values are those of the history: of each element the newest sample whose source time is not after the
 * time asked for, also one that arrived late. On the boundary the newer one is valid. Without a date, or with one that is
 * not past, it is what GET of the document returns.
 */
import { HubError } from '../errors.ts'
import { formatTime, fromMilliseconds } from '../model/time.ts'
import type { AssetAdministrationShell, Submodel } from '../model/types.ts'
import { valueMemberNames } from '../model/value-members.ts'
import { walk } from '../model/walk.ts'
import { VisibleReferences } from '../security/visible-references.ts'
import { joinValues } from '../store/join-values.ts'
import type { PastState } from '../store/revision-reader.ts'
import { TimeSlice } from '../time-slice.ts'
import { submodelOf } from './elements.ts'
import { valueAt } from './history/value-at.ts'
import type { OperationContext, OperationHandler } from './operation-context.ts'
import { getById as getShell, shellOf } from './shells.ts'
import { getById as getSubmodel, render } from './submodels.ts'

/** GET /shells/{aasIdentifier}/$history. */
export const getShellAt: OperationHandler = async (context, request) => {
  const time = pastTime(context, request.query.date)
  if (time === undefined) return getShell(context, request)
  const id = shellOf(request)
  const { content } = await stateAt(context, 'AssetAdministrationShell', id, time)
  const shown = await shownOf(context, 'AssetAdministrationShell', content as AssetAdministrationShell | undefined, id)
  if (shown === undefined) throw absentAt('AssetAdministrationShell', id, time)
  const { subject } = context
  const shell = subject === undefined ? shown : await new VisibleReferences(subject.store, subject.access).shell(shown)
  return { status: 200, json: shell }
}

/** GET /submodels/{submodelIdentifier}/$history, normal and `$value`. */
export const getSubmodelAt: OperationHandler = async (context, request) => {
  const time = pastTime(context, request.query.date)
  if (time === undefined) return getSubmodel(context, request)
  const id = submodelOf(request)
  const { content, writtenAt } = await stateAt(context, 'Submodel', id, time)
  const submodel = content as Submodel | undefined
  // What is hidden may depend on values.
  if (submodel !== undefined) await setValues(context, submodel, { after: writtenAt, time })
  const shown = await shownOf(context, 'Submodel', submodel, id)
  if (shown === undefined) throw absentAt('Submodel', id, time)
  const revisions = { position: 0, revision: 0, structureRevision: 0 }
  const document = {
    kind: 'Submodel',
    id,
    ...revisions,
    bytes: Buffer.from(JSON.stringify(shown)),
    hasBlob: true
  } as const
  return { status: 200, bytes: render(document, request.content, request.query) }
}

/** Undefined: the time is not past. A time with no more than milliseconds is the end of its millisecond. */
function pastTime({ ingest: { clock } }: OperationContext, date: bigint | undefined): bigint | undefined {
  if (date === undefined || date >= fromMilliseconds(clock.milliseconds())) return undefined
  return date % NS_PER_MS === 0n ? date + NS_PER_MS - 1n : date
}

const NS_PER_MS = 1_000_000n

async function stateAt(
  { revisions }: OperationContext,
  kind: 'AssetAdministrationShell' | 'Submodel',
  id: string,
  time: bigint
): Promise<PastState> {
  const state = await revisions.stateAt(kind, id, time)
  // Afterwards, as revisions may be deleted meanwhile.
  const keptSince = await revisions.keptSince()
  if (keptSince === undefined) throw new HubError('NotFound', ['As revisions are not kept, an earlier state of', id])
  const since = fromMilliseconds(keptSince)
  if (time >= since) return state
  throw new HubError('NotFound', [`From before ${formatTime(since)}, since when revisions are kept, the ${kind}`, id])
}

/** What the caller may read of it; nothing of a document that is hidden from it now. */
async function shownOf<Content extends AssetAdministrationShell | Submodel>(
  { store, subject }: OperationContext,
  kind: 'AssetAdministrationShell' | 'Submodel',
  content: Content | undefined,
  id: string
): Promise<Content | undefined> {
  if (content === undefined || subject === undefined) return content
  const isHidden = (await store.head(kind, id)) === undefined && (await subject.store.head(kind, id)) !== undefined
  return isHidden ? undefined : subject.show(kind, content)
}

/** Sets the values that were written after the structure. */
async function setValues(
  { history }: OperationContext,
  submodel: Submodel,
  period: { readonly after: bigint | undefined; readonly time: bigint }
): Promise<void> {
  const values = new Map<string, string>()
  const slice = new TimeSlice()
  for (const { element, path } of walk(submodel)) {
    if (valueMemberNames(element.modelType).length === 0) continue
    const value = await valueAt(history, { submodel: submodel.id, path }, period)
    if (value !== undefined) values.set(path, value)
    if (slice.isOver()) await slice.pause()
  }
  joinValues(submodel, values)
}

function absentAt(kind: string, id: string, time: bigint): HubError {
  return new HubError('NotFound', [`At ${formatTime(time - (time % NS_PER_MS))} the ${kind}`, id])
}
