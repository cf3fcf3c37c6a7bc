/**
 * The scratch scope of an examination. A marker names the examination that uses it, so that what one left behind that
 * was ended in the middle can be found, and is removed by the next one.
 */
import { randomUUID } from 'node:crypto'
import { SCRATCH_PREFIX } from '../../../model/examination.ts'
import { encodeId } from '../../../model/identifier.ts'
import type { ReportCheck } from '../report.ts'
import type { Asked, Examiner } from './examiner.ts'
import { ScratchDocuments } from './scratch-documents.ts'
import { checkOf, local } from './verdict.ts'

const MARKER = `${SCRATCH_PREFIX}marker`
const MARKER_PATH = `~/concept-descriptions/${encodeId(MARKER)}`

export interface Scratch {
  readonly documents: ScratchDocuments
  /** Why nothing can be stored in it; absent: it is ready. */
  readonly refusal?: Asked
}

/** Removes what an earlier examination has left, and reserves the scope for this one. */
export async function openScratch(examiner: Examiner): Promise<Scratch> {
  await removeScratch(examiner)
  const documents = new ScratchDocuments(randomUUID())
  const marker = {
    modelType: 'ConceptDescription',
    id: MARKER,
    idShort: 'ExaminationMarker',
    isCaseOf: [{ type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: documents.run }] }]
  }
  const stored = await examiner.send('POST', '~/concept-descriptions', marker)
  return stored.status === 201 ? { documents } : { documents, refusal: stored }
}

/** What could not be removed. */
export interface Removal {
  /** Was there anything? */
  readonly found: boolean
  readonly failed: readonly Asked[]
  /** The marker is gone. */
  readonly last?: Asked
}

/** Removes everything that the examination of the marker has stored, the marker last; also after an abort. */
export async function removeScratch(examiner: Examiner): Promise<Removal> {
  const always = { always: true, repeatable: false } as const
  const marker = await examiner.get(MARKER_PATH, {}, always)
  const run = marker.json?.isCaseOf?.[0]?.keys?.[0]?.value
  if (marker.status !== 200) return { found: false, failed: [] }
  const failed: Asked[] = []
  const remove = async (path: string) => {
    const removed = await examiner.ask('DELETE', path, {}, always)
    if (![200, 204, 404].includes(removed.status)) failed.push(removed)
  }
  if (typeof run === 'string') {
    const documents = new ScratchDocuments(run)
    for (const path of pathsOf(documents)) await remove(path)
    for (const id of await packagesOf(examiner, documents)) await remove(`~/packages/${encodeId(id)}`)
  }
  if (failed.length === 0) await remove(MARKER_PATH)
  const last = await examiner.get(MARKER_PATH, {}, always)
  return { found: true, failed, last }
}

export function removedCheck(id: string, { failed, last }: Removal): ReportCheck {
  const isGone = failed.length === 0 && (last === undefined || last.status === 404)
  return checkOf(
    id,
    isGone ? 'met' : 'unmet',
    isGone
      ? local('What was stored for the examination is removed', '점검용 자료를 모두 삭제했습니다')
      : local('Parts of the examination remain stored', '점검용 자료 일부가 남아 있습니다'),
    isGone && last !== undefined ? [last.exchange] : failed.map(({ exchange }) => exchange)
  )
}

function pathsOf(documents: ScratchDocuments): string[] {
  const at = (list: string, ...names: Parameters<ScratchDocuments['encoded']>[0][]) =>
    names.map((name) => `~/${list}/${documents.encoded(name)}`)
  return [
    ...at('lookup/shells', 'shell'),
    ...at('shell-descriptors', 'far', 'new'),
    ...at('submodel-descriptors', 'far', 'new'),
    ...at('packages', 'package'),
    ...at('submodels', 'submodel', 'series', 'new'),
    ...at('shells', 'shell', 'new'),
    ...at('concept-descriptions', 'concept', 'new')
  ]
}

/** Packages that were stored by POST have ids of the hub's choice. */
async function packagesOf(examiner: Examiner, documents: ScratchDocuments): Promise<readonly string[]> {
  const path = `~/packages?aasId=${documents.encoded('shell')}`
  const listed = await examiner.get(path, {}, { always: true, repeatable: false })
  const result: readonly { readonly packageId: string }[] = listed.json?.result ?? []
  return result.map(({ packageId }) => packageId)
}
