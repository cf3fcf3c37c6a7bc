/**
 * Joins the structure and the current values of a large submodel in time slices. Its rows are read in pages, between which
 * others write; the result is its state when the last page was read. Rows may be older than that, as long as the values
 * that are not in them are still known (unwritten-values.ts), and are not newer than what was acknowledged.
 */
import type { Submodel } from '../../model/types.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { DamageLog } from '../damage.ts'
import { hasBlobValue } from '../element-rows.ts'
import { joinValues } from '../join-values.ts'
import type { Document, DocumentHead } from '../store.ts'
import { isSoundElement, type StoredElementTuple } from './checksums.ts'
import type { ReadStatements } from './reads-sql.ts'
import type { UnwrittenValues } from './unwritten-values.ts'

export interface SliceSizes {
  /** Smaller documents are joined in one piece. */
  readonly fromBytes: number
  /** Of a page. */
  readonly rows: number
}

/** Some milliseconds of work. */
export const SLICE_SIZES: SliceSizes = { fromBytes: 256 * 1024, rows: 2000 }

const MAX_TRIES = 3

interface JoinSources {
  readonly sql: ReadStatements
  readonly unwritten: UnwrittenValues
  readonly damage: DamageLog
  readonly rows: number
  /** Of the submodel, as it is now. */
  readonly head: () => DocumentHead | undefined
}

/**
 * @param base the submodel as its structure was written
 * @returns undefined if others wrote rows, or its structure, each time meanwhile
 * @throws DamagedElements
 */
export async function joinInSlices(base: Document, sources: JoinSources): Promise<Document | undefined> {
  const slice = new TimeSlice()
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    await slice.pause()
    const found = await currentValues(base, sources, slice)
    if (found === undefined) continue
    const { values, damaged, revision, isNewer } = found
    await slice.pause()
    const submodel = JSON.parse(base.bytes.toString()) as Submodel
    await slice.pause()
    joinValues(submodel, values)
    await slice.pause()
    const document = { ...base, revision, bytes: Buffer.from(JSON.stringify(submodel)) }
    if (damaged.length > 0) throw sources.damage.reportElements(document, damaged)
    if (!base.hasBlob && !isNewer) return document
    await slice.pause()
    // The flag does not know values that are not in their rows.
    return { ...document, hasBlob: hasBlobValue(submodel) }
  }
  return undefined
}

/** @returns undefined where what was read is not one state */
async function currentValues({ id, position, structureRevision }: Document, sources: JoinSources, slice: TimeSlice) {
  const { sql, unwritten, rows, head } = sources
  const { drops } = unwritten
  const values = new Map<string, string>()
  const damaged: string[] = []
  let newest = 0
  for (let after = ''; ; ) {
    const page = sql.writtenAfter.all(position, structureRevision, after, rows) as unknown as StoredElementTuple[]
    newest = Math.max(newest, addWritten(values, page, damaged))
    if (page.length < rows) break
    after = page.at(-1)?.[0] ?? after
    await slice.check()
  }
  // No one else runs from the last page to the values that are not in rows.
  const now = head()
  if (now?.position !== position || now.structureRevision !== structureRevision) return undefined
  // The database may have a commit that is not known here: then its values are in some of the rows, or in none.
  if (unwritten.drops !== drops || Math.max(newest, now.revision) > unwritten.last) return undefined
  const isNewer = unwritten.addTo(values, id, structureRevision)
  return { values, damaged, revision: now.revision, isNewer }
}

/**
 * @param damaged gets the paths of damaged rows, whose values are not added
 * @returns the newest revision of the others
 */
export function addWritten(
  values: Map<string, string>,
  rows: readonly StoredElementTuple[],
  damaged: string[]
): number {
  let newest = 0
  for (const row of rows) {
    const [path, value] = row
    if (!isSoundElement(row)) {
      damaged.push(path)
      continue
    }
    values.set(path, value)
    newest = Math.max(newest, Number(row[REVISION]))
  }
  return newest
}

/** Its index in a {@link StoredElementTuple}. */
const REVISION = 7
