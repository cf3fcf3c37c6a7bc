/**
 * Commits of values and samples on their way to the writer, as bytes that are handed over: a clone of so small an object
 * costs more than to store what it says. Other commands are cloned.
 *
 * A frame holds, per commit, the number of its changes (4 bytes); per change its kind and flags (1 byte each), the number of
 * its series (4), incarnation (8), revision (8, by its flag), times (8 each), value (length and Latin-1, by its flag UTF-16), and of samples the count (4)
 * and the run (length and bytes). Series are numbered once for all frames; a frame names those that are new.
 */
import { qualities } from '../../model/samples.ts'
import type { Change, Timing } from '../store.ts'
import type { CommandBatch, Frame, FramedBatch } from './write-commands.ts'

type SampleChange = Extract<Change, { change: 'value' | 'samples' }>
type CommonMembers = Pick<SampleChange, 'submodel' | 'path' | 'incarnation' | 'value'>
type Mutable<Object> = { -readonly [Name in keyof Object]: Object[Name] }

const [VALUE, SAMPLES] = [0, 1]

const timings: readonly (Timing | undefined)[] = [undefined, 'arrival', 'historical']

/** Flags: the quality in the lowest two bits, the timing in the next two. */
const TIMING_FACTOR = 4
const HAS_TIME = 16
const HAS_REVISION = 32
const IS_WIDE = 64

/** Bytes of a change without value and run, at most. */
const CHANGE_BYTES = 64

const FIRST_FRAME_BYTES = 64 * 1024

/** Smaller frames are copied, which costs less than another buffer. */
const MIN_TRANSFERRED_BYTES = 16 * 1024

interface NumberedSeries {
  readonly path: string
  readonly number: number
  others: Map<string, number> | undefined
}

/** Writes frames; on the main thread. */
export class FrameWriter {
  /** Numbered at the same time; on both sides they take the memory of their names. */
  readonly #maxSeries: number
  /** The first path of a submodel is kept without a map, as most submodels of a plant with very many have few series. */
  readonly #numbers = new Map<string, NumberedSeries>()
  #series = 0
  #names: string[] = []
  #isReset = false
  #bytes = new Uint8Array(FIRST_FRAME_BYTES)
  #view = new DataView(this.#bytes.buffer)
  #at = 0

  constructor(maxSeries: number) {
    this.#maxSeries = maxSeries
  }

  get series(): number {
    return this.#series
  }

  /** @returns the batch, and what is handed over with it */
  encode({ clock, commands }: CommandBatch): { readonly batch: FramedBatch; readonly transfer: ArrayBuffer[] } {
    const others = commands.map((command) => {
      if (command.type !== 'commit' || !isFramed(command.changes)) return command
      this.#addCommit(command.changes)
      return undefined
    })
    if (this.#at === 0) return { batch: { clock, commands: others }, transfer: [] }
    const frame = this.#take()
    const isWhole = frame.bytes.length >= MIN_TRANSFERRED_BYTES
    return { batch: { clock, commands: others, frame }, transfer: isWhole ? [frame.bytes.buffer] : [] }
  }

  #addCommit(changes: readonly SampleChange[]): void {
    this.#reserve(4)
    this.#uint32(changes.length)
    for (const change of changes) this.#add(change)
  }

  #take(): Frame {
    const isSmall = this.#at < MIN_TRANSFERRED_BYTES
    const bytes = isSmall ? this.#bytes.slice(0, this.#at) : this.#bytes.subarray(0, this.#at)
    const frame = { bytes, names: this.#names, isReset: this.#isReset }
    if (!isSmall) {
      this.#bytes = new Uint8Array(FIRST_FRAME_BYTES)
      this.#view = new DataView(this.#bytes.buffer)
    }
    this.#at = 0
    this.#names = []
    this.#isReset = this.#series > this.#maxSeries
    if (this.#isReset) {
      this.#numbers.clear()
      this.#series = 0
    }
    return frame
  }

  #add(change: SampleChange): void {
    const { submodel, path, incarnation, value, quality, timing } = change
    const isValue = change.change === 'value'
    const time = isValue ? change.sourceTime : change.from
    const revision = isValue ? change.ifRevision : undefined
    const run = isValue ? undefined : change.run
    this.#reserve(CHANGE_BYTES + 2 * value.length + (run?.length ?? 0))
    this.#bytes[this.#at++] = isValue ? VALUE : SAMPLES
    const flagsAt = this.#at
    this.#bytes[this.#at++] =
      qualities.indexOf(quality) +
      TIMING_FACTOR * timings.indexOf(timing) +
      (time === undefined ? 0 : HAS_TIME) +
      (revision === undefined ? 0 : HAS_REVISION)
    this.#uint32(this.#numberOf(submodel, path))
    this.#double(incarnation)
    if (revision !== undefined) this.#double(revision)
    if (time !== undefined) this.#int64(time)
    this.#text(value, flagsAt)
    if (change.change === 'value' || run === undefined) return
    this.#int64(change.to)
    this.#uint32(change.count)
    this.#uint32(run.length)
    this.#bytes.set(run, this.#at)
    this.#at += run.length
  }

  /** In Latin-1 as long as that suffices. */
  #text(text: string, flagsAt: number): void {
    this.#uint32(text.length)
    const start = this.#at
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code > 255) {
        this.#wide(text, start, flagsAt)
        return
      }
      this.#bytes[this.#at++] = code
    }
  }

  #wide(text: string, start: number, flagsAt: number): void {
    this.#bytes[flagsAt] = (this.#bytes[flagsAt] ?? 0) | IS_WIDE
    for (let i = 0; i < text.length; i++) this.#view.setUint16(start + 2 * i, text.charCodeAt(i), true)
    this.#at = start + 2 * text.length
  }

  #numberOf(submodel: string, path: string): number {
    const first = this.#numbers.get(submodel)
    if (first === undefined) {
      const number = this.#next(submodel, path)
      this.#numbers.set(submodel, { path, number, others: undefined })
      return number
    }
    if (first.path === path) return first.number
    first.others ??= new Map()
    let number = first.others.get(path)
    if (number === undefined) {
      number = this.#next(submodel, path)
      first.others.set(path, number)
    }
    return number
  }

  #next(submodel: string, path: string): number {
    this.#names.push(submodel, path)
    return this.#series++
  }

  #reserve(length: number): void {
    if (this.#at + length <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#at + length))
    larger.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
  }

  #uint32(number: number): void {
    this.#view.setUint32(this.#at, number, true)
    this.#at += 4
  }

  #double(number: number): void {
    this.#view.setFloat64(this.#at, number, true)
    this.#at += 8
  }

  #int64(number: bigint): void {
    this.#view.setBigInt64(this.#at, number, true)
    this.#at += 8
  }
}

/** Times out of range are refused by the writer, so they must arrive there. */
function isFramed(changes: readonly Change[]): changes is readonly SampleChange[] {
  return changes.every((change) => {
    if (change.change === 'samples') return true
    if (change.change !== 'value') return false
    return change.sourceTime === undefined || BigInt.asIntN(64, change.sourceTime) === change.sourceTime
  })
}

/** Reads frames, in their order; in the writer. */
export class FrameReader {
  #series: string[] = []
  #bytes = Buffer.alloc(0)
  #view = new DataView(this.#bytes.buffer)
  #at = 0

  decode({ clock, commands, frame }: FramedBatch): CommandBatch {
    const commits = frame === undefined ? [] : this.#read(frame)
    let next = 0
    return { clock, commands: commands.map((command) => command ?? { type: 'commit', changes: commits[next++] ?? [] }) }
  }

  /** @returns the changes of each commit */
  #read({ bytes, names, isReset }: Frame): SampleChange[][] {
    if (isReset) this.#series = []
    for (const name of names) this.#series.push(name)
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const commits: SampleChange[][] = []
    for (this.#at = 0; this.#at < bytes.length; ) {
      const changes: SampleChange[] = []
      for (let left = this.#uint32(); left > 0; left--) changes.push(this.#change())
      commits.push(changes)
    }
    return commits
  }

  #change(): SampleChange {
    const isValue = this.#bytes[this.#at++] === VALUE
    const flags = this.#bytes[this.#at++] ?? 0
    const number = this.#uint32()
    const [submodel = '', path = ''] = [this.#series[2 * number], this.#series[2 * number + 1]]
    const incarnation = this.#double()
    const revision = flags & HAS_REVISION ? this.#double() : undefined
    const time = flags & HAS_TIME ? this.#int64() : undefined
    const value = this.#text((flags & IS_WIDE) !== 0)
    const quality = qualities[flags % TIMING_FACTOR]
    const timing = timings[Math.floor(flags / TIMING_FACTOR) % TIMING_FACTOR]
    const change = isValue
      ? this.#value({ submodel, path, incarnation, value }, time, revision)
      : this.#samples({ submodel, path, incarnation, value }, time)
    if (quality !== undefined) change.quality = quality
    if (timing !== undefined) change.timing = timing
    return change
  }

  #value(common: CommonMembers, time: bigint | undefined, revision: number | undefined): Mutable<SampleChange> {
    const change: Mutable<Extract<SampleChange, { change: 'value' }>> = { change: 'value', ...common }
    if (time !== undefined) change.sourceTime = time
    if (revision !== undefined) change.ifRevision = revision
    return change
  }

  #samples(common: CommonMembers, time: bigint | undefined): Mutable<SampleChange> {
    const to = this.#int64()
    const count = this.#uint32()
    const length = this.#uint32()
    this.#at += length
    const run = this.#bytes.subarray(this.#at - length, this.#at)
    return { change: 'samples', ...common, run, count, from: time ?? to, to }
  }

  #text(isWide: boolean): string {
    const length = this.#uint32() * (isWide ? 2 : 1)
    this.#at += length
    return this.#bytes.toString(isWide ? 'utf16le' : 'latin1', this.#at - length, this.#at)
  }

  #uint32(): number {
    this.#at += 4
    return this.#view.getUint32(this.#at - 4, true)
  }

  #double(): number {
    this.#at += 8
    return this.#view.getFloat64(this.#at - 8, true)
  }

  #int64(): bigint {
    this.#at += 8
    return this.#view.getBigInt64(this.#at - 8, true)
  }
}
