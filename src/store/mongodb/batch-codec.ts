/**
 * Batch content as bytes: compact JSON, then bodies and runs of samples as they are, in the order in which the JSON
 * refers to them; compressed from a certain size. Where commits are in lines, the JSON has the layout and what they
 * change, too. The format is persisted.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { BatchContent, ChangeNote, ControlRecord, LoggedCommit } from './batch-content.ts'
import {
  type ChangeRow,
  decodeChange,
  decodeImported,
  encodeChange,
  encodeImported,
  type ImportedRow
} from './change-codec.ts'
import { commitsOf, type Layout, type LineContent, type LineSubjects, subjectsOf } from './line-layout.ts'

/** Approximate bytes in memory of a change, beside its text. */
const CHANGE_OVERHEAD_BYTES = 200

/** Smaller content is not compressed. */
const MIN_COMPRESSED_BYTES = 1024
const COMPRESSION = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

/**
 * First byte: how the rest is stored. If commits are in lines, there is one more before it, so that an earlier release
 * that meets the batch fails, instead of applying half of it.
 */
const [PLAIN, ZSTD, WITH_LINES] = [0, 1, 2]

export interface PackedContent {
  readonly bytes: Buffer
  /** Approximate bytes in memory, many times as many. */
  readonly memoryBytes: number
}

export interface UnpackedContent {
  /** Without the commits that are in lines. */
  readonly content: BatchContent
  readonly memoryBytes: number
  readonly lines?: { readonly layout: Layout; readonly subjects: LineSubjects }
}

type CommitRow = readonly [ChangeRow[], readonly ChangeNote[]] | readonly [ImportedRow[], time: number]

/** @param lines where some of the commits are already */
export function encodeBatchContent({ commits, controls }: BatchContent, lines?: LineContent): PackedContent {
  if (lines === undefined) return encode(commits, [controls])
  const { layout, parts } = lines
  const subjects = subjectsOf(commitsOf(commits, layout, 'line'))
  const { bytes, memoryBytes } = encode(commitsOf(commits, layout, 'log'), [controls, layout, subjects])
  const inLines = parts.reduce((sum, part) => sum + part.memoryBytes, 0)
  return { bytes: Buffer.concat([Buffer.of(WITH_LINES), bytes]), memoryBytes: memoryBytes + inLines }
}

function encode(commits: BatchContent['commits'], rest: readonly unknown[]): PackedContent {
  const blobs: Uint8Array[] = []
  const rows = commits.map(({ changes, notes, importedChanges, time = 0 }): CommitRow => {
    if (importedChanges !== undefined) return [importedChanges.map((change) => encodeImported(change, blobs)), time]
    return [changes.map((change) => encodeChange(change, blobs)), notes]
  })
  const json = Buffer.from(JSON.stringify([rows, ...rest]))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  const plain = Buffer.concat([length, json, ...blobs])
  const isSmall = plain.length < MIN_COMPRESSED_BYTES
  const bytes = isSmall ? [Buffer.of(PLAIN), plain] : [Buffer.of(ZSTD), zstdCompressSync(plain, COMPRESSION)]
  return { bytes: Buffer.concat(bytes), memoryBytes: estimateMemory(plain, commits) }
}

export function decodeBatchContent(bytes: Uint8Array): UnpackedContent {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const buffer = whole[0] === WITH_LINES ? whole.subarray(1) : whole
  const plain = buffer[0] === ZSTD ? zstdDecompressSync(buffer.subarray(1)) : buffer.subarray(1)
  let at = 4 + plain.readUInt32LE(0)
  const json = JSON.parse(plain.toString('utf8', 4, at)) as [CommitRow[], ControlRecord[], Layout?, LineSubjects?]
  const [rows, controls, layout, subjects] = json
  const takeBlob = (length: number) => {
    at += length
    return plain.subarray(at - length, at)
  }
  const commits = rows.map((row): LoggedCommit => {
    if (isImported(row)) {
      const [changes, time] = row
      return { changes: [], notes: [], importedChanges: changes.map((one) => decodeImported(one, takeBlob)), time }
    }
    const [changes, notes] = row
    return { changes: changes.map((one) => decodeChange(one, takeBlob)), notes }
  })
  const unpacked = { content: { controls, commits }, memoryBytes: estimateMemory(plain, commits) }
  return layout === undefined || subjects === undefined ? unpacked : { ...unpacked, lines: { layout, subjects } }
}

function isImported(row: CommitRow): row is readonly [ImportedRow[], number] {
  return typeof row[1] === 'number'
}

function estimateMemory(plain: Buffer, commits: BatchContent['commits']): number {
  return commits.reduce(
    (sum, { changes, importedChanges = [] }) =>
      sum + CHANGE_OVERHEAD_BYTES * (1 + changes.length + importedChanges.length),
    plain.length
  )
}
