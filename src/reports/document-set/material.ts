/** What a document of the set is made from, gathered before it is written. */
import type { SampleSource } from '../../model/collection/sample-source.ts'
import type { CollectionPoint } from '../../operations/collection/collection-points.ts'
import type { ConformanceReport } from '../../operations/conformance/check-file.ts'
import type { ReportLanguage } from '../../operations/report-language.ts'
import type { Machine } from './machine.ts'

export interface DocumentMaterial {
  readonly machine: Machine
  readonly language: ReportLanguage
  /** UTC, ISO 8601. */
  readonly created: string
  /** Of the hub. */
  readonly version: string
  /** The hub that serves the machine; undefined for a file. */
  readonly hub?: HubInterfaces
  /** The collection points of the machine's submodels; undefined where nothing is known of them. */
  readonly points?: readonly MachinePoint[]
  readonly verification?: Verification
}

/** A point of the plan or of reality, with who delivers it. */
export interface MachinePoint {
  readonly point: CollectionPoint
  readonly source?: SampleSource
}

/** How the hub is reached, by its settings. */
export interface HubInterfaces {
  /** As clients see it, without a slash at the end. */
  readonly url: string
  /** `/api/v3` */
  readonly apiPrefix: string
  /** Address of the broker that the hub is connected to, without credentials. */
  readonly broker?: string
  /** Callers have to prove who they are. */
  readonly isSecured: boolean
}

/** The check of a package by the rules of a profile. */
export interface Verification {
  readonly report: ConformanceReport
  readonly file: { readonly name: string; readonly size: number; readonly sha256: string }
  /** A file of the user, or made by the hub of what it stores. */
  readonly origin: 'given' | 'exported' | 'reference-model'
}

/** The points of a machine by submodel and path. */
export function pointsByPlace({ points = [] }: Pick<DocumentMaterial, 'points'>): ReadonlyMap<string, MachinePoint> {
  return new Map(points.map((one) => [placeOf(one.point.submodel, one.point.path), one]))
}

export function placeOf(submodel: string, path: string): string {
  return `${path} ${submodel}`
}
