/** Changes as JSON rows of a batch. The format is persisted: letters and positions are fixed. */
import { qualities } from '../../model/samples.ts'
import { readText } from '../document-text.ts'
import type { DocumentKind, Facet, FileEntry, LoggedChange, SubtreeAction, Timing } from '../store.ts'
import type { LoggableChange } from './batch-content.ts'

type QualityCode = number
/** Absent in batches of releases that did not log it. */
type SubtreeCode = SubtreeAction | null | undefined
/** Nanoseconds as text, as JSON has no 64-bit integers. */
type Time = string | null

/** A change; bodies and runs of samples are given by their length, their bytes follow the JSON. */
export type ChangeRow =
  | [
      letter: 'v',
      submodel: string,
      path: string,
      incarnation: number,
      value: string,
      sourceTime: Time,
      quality: QualityCode,
      timing?: 1 | 2
    ]
  | [
      letter: 's',
      submodel: string,
      path: string,
      incarnation: number,
      value: string,
      quality: QualityCode,
      count: number,
      from: string,
      to: string,
      run: number,
      timing?: 1 | 2
    ]
  | [letter: 'c', kind: DocumentKind, id: string, facets: readonly Facet[], json: number]
  | [
      letter: 'r',
      kind: DocumentKind,
      id: string,
      facets: readonly Facet[],
      json: number,
      touched: readonly string[] | null,
      subtreeAction?: SubtreeCode
    ]
  | [letter: 'd', kind: DocumentKind, id: string]
  | [letter: 'o', key: string]
  | [letter: 'a', kind: DocumentKind, id: string, files: readonly FileEntry[]]
  | [letter: 'x', kind: DocumentKind, id: string, names: readonly string[]]
  | [letter: 'l', record: string, trim?: number]

/** A logged change that was imported from another store. */
export type ImportedRow =
  | [letter: 'v', submodel: string, path: string, value: string, sourceTime: string, quality: QualityCode]
  | [letter: 's', submodel: string, path: string, count: number, from: string, to: string, run: number]
  | [
      letter: 'd',
      change: 'created' | 'updated' | 'deleted',
      kind: DocumentKind,
      id: string,
      touched: readonly string[] | null,
      subtreeAction?: SubtreeCode
    ]

/** @param blobs receives the bodies and runs */
export function encodeChange(change: LoggableChange, blobs: Uint8Array[]): ChangeRow {
  switch (change.change) {
    case 'value': {
      const { submodel, path, incarnation, value, sourceTime, quality } = change
      const row = ['v', submodel, path, incarnation, value, encodeTime(sourceTime), qualities.indexOf(quality)] as const
      return change.timing === undefined ? [...row] : [...row, timingCodes[change.timing]]
    }
    case 'samples': {
      const { submodel, path, incarnation, run, count, from, to, value, quality } = change
      blobs.push(run)
      const code = qualities.indexOf(quality)
      const row = ['s', submodel, path, incarnation, value, code, count, String(from), String(to), run.length] as const
      return change.timing === undefined ? [...row] : [...row, timingCodes[change.timing]]
    }
    case 'create':
    case 'replace': {
      const { kind, id, facets } = change
      const bytes = Buffer.from(readText(change.json))
      blobs.push(bytes)
      if (change.change === 'create') return ['c', kind, id, facets, bytes.length]
      const { touched = null, subtreeAction = null } = change
      return ['r', kind, id, facets, bytes.length, touched, subtreeAction]
    }
    case 'delete':
      return ['d', change.kind, change.id]
    case 'idempotencyKey':
      return ['o', change.key]
    case 'attach':
      return ['a', change.kind, change.id, change.files]
    case 'detach':
      return ['x', change.kind, change.id, change.names]
    case 'audit':
      return change.trim === undefined ? ['l', change.record] : ['l', change.record, change.trim]
  }
}

export function decodeChange(row: ChangeRow, takeBlob: (length: number) => Buffer): LoggableChange {
  switch (row[0]) {
    case 'v': {
      const [, submodel, path, incarnation, value, sourceTime, quality, timing] = row
      return {
        change: 'value',
        submodel,
        path,
        incarnation,
        value,
        ...(sourceTime !== null && { sourceTime: BigInt(sourceTime) }),
        ...decodeTiming(timing),
        ...decodeQuality(quality)
      }
    }
    case 's': {
      const [, submodel, path, incarnation, value, quality, count, from, to, length, timing] = row
      const run = takeBlob(length)
      const times = { from: BigInt(from), to: BigInt(to), ...decodeTiming(timing) }
      return { change: 'samples', submodel, path, incarnation, value, ...decodeQuality(quality), count, ...times, run }
    }
    case 'c': {
      const [, kind, id, facets, length] = row
      return { change: 'create', kind, id, json: takeBlob(length).toString(), facets }
    }
    case 'r': {
      const [, kind, id, facets, length, touched, subtreeAction] = row
      const json = takeBlob(length).toString()
      return { change: 'replace', kind, id, json, facets, ...decodeSubtrees(touched, subtreeAction) }
    }
    case 'd':
      return { change: 'delete', kind: row[1], id: row[2] }
    case 'o':
      return { change: 'idempotencyKey', key: row[1] }
    case 'a':
      return { change: 'attach', kind: row[1], id: row[2], files: row[3] }
    case 'x':
      return { change: 'detach', kind: row[1], id: row[2], names: row[3] }
    case 'l':
      return { change: 'audit', record: row[1], ...(row[2] !== undefined && { trim: row[2] }) }
  }
}

export function encodeImported(change: LoggedChange, blobs: Uint8Array[]): ImportedRow {
  if (change.change === 'value') {
    const { submodel, path, value, sourceTime, quality } = change
    return ['v', submodel, path, value, String(sourceTime), qualities.indexOf(quality)]
  }
  if (change.change === 'samples') {
    const { submodel, path, count, from, to, run } = change
    blobs.push(run)
    return ['s', submodel, path, count, String(from), String(to), run.length]
  }
  const { kind, id, touched = null, subtreeAction = null } = change
  return ['d', change.change, kind, id, touched, subtreeAction]
}

export function decodeImported(row: ImportedRow, takeBlob: (length: number) => Buffer): LoggedChange {
  if (row[0] === 'v') {
    const [, submodel, path, value, sourceTime, quality] = row
    return { change: 'value', submodel, path, value, sourceTime: BigInt(sourceTime), ...decodeQuality(quality) }
  }
  if (row[0] === 's') {
    const [, submodel, path, count, from, to, length] = row
    return { change: 'samples', submodel, path, count, from: BigInt(from), to: BigInt(to), run: takeBlob(length) }
  }
  const [, change, kind, id, touched, subtreeAction] = row
  return { change, kind, id, ...decodeSubtrees(touched, subtreeAction) }
}

function decodeSubtrees(touched: readonly string[] | null, subtreeAction: SubtreeCode) {
  return { ...(touched !== null && { touched }), ...(subtreeAction != null && { subtreeAction }) }
}

function encodeTime(value: bigint | undefined): string | null {
  return value === undefined ? null : String(value)
}

const timingCodes = { arrival: 1, historical: 2 } as const

function decodeTiming(code: 1 | 2 | undefined): { timing?: Timing } {
  if (code === undefined) return {}
  return { timing: code === timingCodes.historical ? 'historical' : 'arrival' }
}

function decodeQuality(code: number) {
  const quality = qualities[code]
  return quality === undefined ? {} : { quality }
}
