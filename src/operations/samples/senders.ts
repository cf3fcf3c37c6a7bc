/**
 * Who sends samples, by any transport, in this process and since its start: how much, when last, and what went wrong last.
 * Pushes note themselves; what never becomes a push, e.g. a body that is no JSON, is noted by its transport.
 */
import type { Clock } from '../../clock.ts'
import { HubError } from '../../errors.ts'
import type { SampleSource, SampleTransport } from '../../model/collection/sample-source.ts'
import type { Access } from '../../security/access.ts'
import type { Caller } from '../../security/caller.ts'
import { describeSource } from './sources.ts'

/** As a transport knows the sender of a push. */
export interface SenderIdentity {
  readonly transport?: SampleTransport
  /** Absent: the hub is open, or the sender is not known. */
  readonly access?: Access | undefined
  /** Its network address; by MQTT, the edge node of Sparkplug. Absent: the address of the caller. */
  readonly client?: string
}

export interface SenderState extends SampleSource {
  readonly client?: string
  /** When it sent first; this and further times in milliseconds since 1970. */
  readonly since: number
  /** Numbers of samples. */
  readonly accepted: number
  readonly refused: number
  /** Samples per second, accepted within the last minute. */
  readonly rate: number
  /** When its last accepted samples arrived. */
  readonly lastSample?: number
  readonly lastError?: SenderError
}

export interface SenderError {
  readonly time: number
  /** What was wrong, as in the response to the sender. */
  readonly text: string
}

/** Beyond it the one that was quiet for the longest time is forgotten, those that never delivered first. */
export const MAX_SENDERS = 1000

const MAX_TEXT = 300
const MAX_CLIENT = 200

const MINUTE_MS = 60_000

interface SenderRecord {
  readonly source: SampleSource
  readonly client: string | undefined
  readonly since: number
  lastSeen: number
  accepted: number
  refused: number
  lastSample: number | undefined
  lastError: SenderError | undefined
  /** Samples of the current minute and of the one before, for the rate. */
  minute: number
  inMinute: number
  inLastMinute: number
}

export class Senders {
  readonly #clock: Clock
  readonly #records = new Map<string, SenderRecord>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A push that was carried out. @param problem the first refusal */
  received(sender: SenderIdentity, accepted: number, refused: number, problem?: SenderProblem): void {
    const record = this.#recordOf(sender)
    if (record === undefined) return
    const now = record.lastSeen
    if (accepted > 0) {
      advance(record, now)
      record.accepted += accepted
      record.inMinute += accepted
      record.lastSample = now
    }
    record.refused += refused
    if (problem !== undefined) record.lastError = { time: now, text: shortened(textOf(problem)) }
  }

  /** Something that was refused as a whole. @param samples in it; 0 where they are not known, or will be sent again */
  failed(sender: SenderIdentity, error: unknown, samples = 0): void {
    const record = this.#recordOf(sender)
    if (record === undefined) return
    if (!isTransient(error)) record.refused += samples
    record.lastError = { time: record.lastSeen, text: shortened(errorText(error)) }
  }

  /** Those that sent last come first. */
  list(): SenderState[] {
    const now = this.#clock.milliseconds()
    return [...this.#records.values()]
      .toSorted((one, other) => other.lastSeen - one.lastSeen)
      .map((record) => {
        const { source, client, since, accepted, refused, lastSample, lastError } = record
        return {
          ...source,
          ...(client !== undefined && { client }),
          ...{ since, accepted, refused, rate: rateOf(record, now) },
          ...(lastSample !== undefined && { lastSample }),
          ...(lastError !== undefined && { lastError })
        }
      })
  }

  #recordOf({ transport, access, client }: SenderIdentity): SenderRecord | undefined {
    if (transport === undefined) return undefined
    const caller = access?.caller
    const place = (client ?? caller?.source)?.slice(0, MAX_CLIENT)
    const key = `${transport} ${place} ${caller?.authentication} ${caller?.name}`
    const now = this.#clock.milliseconds()
    const known = this.#records.get(key) ?? this.#add(key, transport, caller, place, now)
    known.lastSeen = now
    return known
  }

  #add(
    key: string,
    transport: SampleTransport,
    caller: Caller | undefined,
    client: string | undefined,
    now: number
  ): SenderRecord {
    if (this.#records.size >= MAX_SENDERS) this.#forgetOne()
    const record: SenderRecord = {
      ...{ source: describeSource(transport, caller), client, since: now, lastSeen: now, accepted: 0, refused: 0 },
      ...{ lastSample: undefined, lastError: undefined, minute: minuteOf(now), inMinute: 0, inLastMinute: 0 }
    }
    this.#records.set(key, record)
    return record
  }

  /** Attempts from many addresses do not displace senders that deliver. */
  #forgetOne(): void {
    let [oldest, age] = ['', Number.POSITIVE_INFINITY]
    for (const [key, { lastSeen, lastSample }] of this.#records) {
      const rank = lastSample === undefined ? lastSeen - Number.MAX_SAFE_INTEGER / 2 : lastSeen
      if (rank < age) [oldest, age] = [key, rank]
    }
    this.#records.delete(oldest)
  }
}

export interface SenderProblem {
  readonly path: string
  readonly text: string
}

function textOf({ path, text }: SenderProblem): string {
  return path === '' ? text : `${path}: ${text}`
}

/** The first violation says more than how many there are. */
function errorText(error: unknown): string {
  if (typeof error === 'string') return error
  if (!(error instanceof HubError)) return isRefusal(error) ? error.message : new HubError('Internal').message
  const [first] = error.violations
  return first === undefined ? error.message : textOf({ path: first.idShortPath ?? '', text: first.text })
}

/** Of the HTTP server itself, e.g. a body that is too large. */
function isRefusal(error: unknown): error is Error & { readonly statusCode: number } {
  const { statusCode } = (error ?? {}) as { readonly statusCode?: unknown }
  return error instanceof Error && typeof statusCode === 'number' && statusCode < 500
}

/** The sender is to try again. */
function isTransient(error: unknown): boolean {
  return error instanceof HubError && ['TooManyRequests', 'Unavailable', 'StorageFull'].includes(error.name)
}

function shortened(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
}

function minuteOf(time: number): number {
  return Math.floor(time / MINUTE_MS)
}

function advance(record: SenderRecord, now: number): void {
  const minute = minuteOf(now)
  if (minute === record.minute) return
  record.inLastMinute = minute === record.minute + 1 ? record.inMinute : 0
  record.inMinute = 0
  record.minute = minute
}

/** Over the last minute, of which the earlier part is estimated from the whole minute that it lies in. */
function rateOf(record: SenderRecord, now: number): number {
  advance(record, now)
  const share = 1 - (now % MINUTE_MS) / MINUTE_MS
  const samples = record.inMinute + record.inLastMinute * share
  return samples / (Math.min(MINUTE_MS, Math.max(1000, now - record.since)) / 1000)
}
