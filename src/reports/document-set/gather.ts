/** Gathers what a document is made from, as far as a caller may read it. */
import type { PlanAndFigures } from '../../operations/collection/collection-points.ts'
import { collectionPoints } from '../../operations/collection/collection-points.ts'
import type { ReportLanguage } from '../../operations/report-language.ts'
import type { Access } from '../../security/access.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import type { TimeSlice } from '../../time-slice.ts'
import { type SuppliedName, suppliedDocuments } from './documents.ts'
import type { Machine } from './machine.ts'
import type { DocumentMaterial, HubInterfaces, MachinePoint } from './material.ts'
import { verifyStored } from './verification.ts'

export interface DocumentSources {
  /** As the caller may read it. */
  readonly store: DocumentStore
  /** With the rights of the hub; what of it is shown is decided by `access`. */
  readonly stored: DocumentStore
  readonly access: Access | undefined
  /** Undefined: there is no collection plan. */
  readonly figures: PlanAndFigures | undefined
  /** Undefined: no hub is running. */
  readonly hub: HubInterfaces | undefined
  /** Milliseconds since 1970. */
  readonly now: number
  /** Folder for temporary files. */
  readonly scratchFolder: string
  /** Of the hub. */
  readonly version: string
}

/** @throws HubError as `verifyStored` */
export async function gather(
  sources: DocumentSources,
  machine: Machine,
  name: SuppliedName,
  language: ReportLanguage,
  slice: TimeSlice
): Promise<DocumentMaterial> {
  const { store, hub, now, version, scratchFolder } = sources
  const { needs } = suppliedDocuments[name]
  const points = 'points' in needs ? await pointsOf(sources, machine, slice) : undefined
  const verification = 'verification' in needs && (await verifyStored(store, machine, language, scratchFolder))
  return {
    ...{ machine, language, version, created: timeText(now) },
    ...(hub !== undefined && { hub }),
    ...(points !== undefined && { points }),
    ...(verification && { verification })
  }
}

/** To the second, as a person writes it. */
export function timeText(now: number): string {
  return new Date(now).toISOString().replace(/\.\d+Z$/, 'Z')
}

/** A request waits this long for samples that are acknowledged to be counted; figures of moments before will do. */
const MAX_WAIT_MS = 2000

async function pointsOf(
  { figures, stored, access, now }: DocumentSources,
  { submodels }: Machine,
  slice: TimeSlice
): Promise<MachinePoint[] | undefined> {
  if (figures === undefined) return undefined
  await figures.caughtUp(MAX_WAIT_MS)
  const ids = new Set(submodels.map(({ id }) => id))
  const points: MachinePoint[] = []
  const request = { figures, store: stored, access, filter: {}, now: now * 1000 }
  for await (const point of collectionPoints(request, 0, slice)) {
    if (!ids.has(point.submodel)) continue
    const source = point.actual && figures.sourceOf(point.actual)
    points.push({ point, ...(source !== undefined && { source }) })
  }
  return points
}
