/**
 * Sends the requests of a report again, as far as they may be repeated, and compares the answers. A report comes from
 * elsewhere: nothing is sent that could change what is stored unless that is asked for, and only to the hub that is named.
 */
import { createHash } from 'node:crypto'
import type { ExaminedHub, HubResponse } from '../examined-hub.ts'
import { MetricSamples } from '../examiner/metrics.ts'
import {
  CHECK_PATH,
  type ComplianceReport,
  type Evidence,
  type Exchange,
  type MeasuredFigure,
  type RecordedBody,
  type RecordedRequest
} from '../report.ts'

/**
 * `sameForm`: the same status and media type, and other content, as values move. `refused`: the credentials do not allow
 * it. `notSent`: it would write, or its body is not whole in the report.
 */
export type RepeatOutcome = 'same' | 'sameForm' | 'differs' | 'refused' | 'notSent'

export interface RepeatedRequest {
  readonly check: string
  readonly request: string
  readonly outcome: RepeatOutcome
  /** Status in the report, and now. */
  readonly expected?: number
  readonly found?: number
}

export interface RepeatedFigure {
  readonly check: string
  readonly name: string
  readonly reported: number | string
  /** Undefined: it is not in the answer any more. */
  readonly found: number | string | undefined
}

export interface RepeatOptions {
  /**
   * Sends also requests that are refused because of their content; what a hub accepts of it is deleted again. Without it
   * those are left out that the report asks the hub to check, too, without storing anything.
   */
  readonly writes: boolean
  readonly progress?: (done: number) => void
}

export interface Repetition {
  readonly requests: readonly RepeatedRequest[]
  readonly figures: readonly RepeatedFigure[]
}

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD'])

/** @throws where the hub cannot be reached */
export async function repeatReport(
  report: ComplianceReport,
  send: ExaminedHub['request'],
  options: RepeatOptions
): Promise<Repetition> {
  const requests: RepeatedRequest[] = []
  const figures: RepeatedFigure[] = []
  const answers = new Answers(send)
  for (const { checks } of report.sections) {
    for (const { id, evidence } of checks) {
      for (const one of options.writes ? evidence : withoutChecked(evidence)) {
        if (one.kind === 'exchange' && one.repeatable) requests.push(await repeat(id, one, send, options))
        if (one.kind === 'figure') figures.push(...(await readAgain(id, one, answers)))
        options.progress?.(requests.length + figures.length)
      }
    }
  }
  return { requests, figures }
}

/** Without the writes of which the same body is checked. */
function withoutChecked(evidence: readonly Evidence[]): readonly Evidence[] {
  const checked = new Set(
    evidence.flatMap((one) => (one.kind === 'exchange' && isCheck(one.request) ? (one.request.body?.sha256 ?? []) : []))
  )
  return evidence.filter(
    (one) =>
      one.kind !== 'exchange' ||
      SAFE.has(one.request.method) ||
      isCheck(one.request) ||
      !checked.has(one.request.body?.sha256 ?? '')
  )
}

/** Below `/check`, with or without a prefix of the API, nothing that is sent is stored. */
const CHECK = new RegExp(`^(?:/[\\w.~-]+)*${CHECK_PATH}/(?:shells|submodels|concept-descriptions|upload)$`)

function isCheck({ method, path }: Pick<RecordedRequest, 'method' | 'path'>): boolean {
  return method === 'POST' && CHECK.test(path)
}

async function repeat(
  check: string,
  { request, response }: Exchange,
  send: ExaminedHub['request'],
  { writes }: RepeatOptions
): Promise<RepeatedRequest> {
  const { method, path, headers, body } = request
  const named = { check, request: `${method} ${path}`, expected: response.status }
  const isHarmless = SAFE.has(method) || isCheck(request)
  // Only what was refused may be sent though it would write: it is refused again, or the hub has changed.
  const maySend = isPath(path) && (isHarmless || (writes && method === 'POST' && response.status >= 400))
  const content = wholeText(body)
  if (!maySend || (body !== undefined && content === undefined)) return { ...named, outcome: 'notSent' }
  const found = await send(method, path, { headers, ...(content !== undefined && { body: content }) })
  if (!isHarmless && found.status < 300) await removeAgain(found, send)
  return { ...named, outcome: outcomeOf(response, found), found: found.status }
}

function outcomeOf(expected: Exchange['response'], found: HubResponse): RepeatOutcome {
  const { status, body } = found
  if (status !== expected.status) return status === 401 || status === 403 ? 'refused' : 'differs'
  if (hashOf(body) === (expected.body?.sha256 ?? hashOf(Buffer.alloc(0)))) return 'same'
  if (mediaTypeOf(expected.headers) !== mediaTypeOf(found.headers)) return 'differs'
  const [before, now] = [jsonIn(wholeText(expected.body)), jsonIn(body.toString())]
  if (before === undefined || now === undefined) return 'sameForm'
  if (JSON.stringify(before, withoutIds) === JSON.stringify(now, withoutIds)) return 'same'
  return formOf(before) === formOf(now) ? 'sameForm' : 'differs'
}

/** Each answer has these of its own. */
function withoutIds(name: string, value: unknown): unknown {
  return name === 'timestamp' || name === 'correlationId' ? undefined : value
}

/** The names of members and the kinds of values; of a list those of its first item. */
function formOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.length === 0 ? '' : formOf(value[0])}]`
  if (typeof value !== 'object' || value === null) return typeof value
  const members = Object.entries(value).map(([name, member]) => `${name}:${formOf(member)}`)
  return `{${members.toSorted().join()}}`
}

async function removeAgain({ headers: { location } }: HubResponse, send: ExaminedHub['request']): Promise<void> {
  const path = location === undefined ? undefined : URL.parse(location, 'http://hub')?.pathname
  if (path !== undefined) await send('DELETE', path)
}

/** Nothing where it was of the scratch scope, which is removed, or counts only some entries of a list. */
async function readAgain(
  check: string,
  { name, value, source }: MeasuredFigure,
  answers: Answers
): Promise<RepeatedFigure[]> {
  const [, path] = /^GET (\/.*)$/s.exec(source?.request ?? '') ?? []
  if (source === undefined || path === undefined || !isPath(path) || SCRATCH.test(path)) return []
  const found = await answers.valueAt(path, source.at)
  if (Array.isArray(found)) return found.length === value ? [{ check, name, reported: value, found: value }] : []
  if (found === undefined && value === 0) return [{ check, name, reported: value, found: value }]
  return [{ check, name, reported: value, found: asReported(found, value) }]
}

const SCRATCH = /aas-hub(?:%3A|:)examination/i

/** Times of metrics are seconds since 1970. */
function asReported(found: unknown, reported: number | string): number | string | undefined {
  const isTime = typeof found === 'number' && typeof reported === 'string' && /^\d{4}-\d\d-\d\dT/.test(reported)
  if (isTime) return new Date(found * 1000).toISOString()
  return typeof found === 'number' || typeof found === 'string' ? found : undefined
}

/** Answers that several figures are in are asked for once. */
class Answers {
  readonly #send: ExaminedHub['request']
  #last: { readonly path: string; readonly response: HubResponse } | undefined

  constructor(send: ExaminedHub['request']) {
    this.#send = send
  }

  /** @param at a JSON Pointer (RFC 6901), or a metric with its labels */
  async valueAt(path: string, at: string): Promise<unknown> {
    if (this.#last?.path !== path) this.#last = { path, response: await this.#send('GET', path) }
    const { headers, body } = this.#last.response
    const text = body.toString()
    if (at !== '' && !at.startsWith('/')) return new MetricSamples(text).sumOf(at)
    const isLines = mediaTypeOf(headers) === 'application/x-ndjson'
    return valueIn(isLines ? text.split('\n').filter((line) => line !== '') : jsonIn(text), at)
  }
}

function valueIn(json: unknown, pointer: string): unknown {
  let value = json
  for (const step of pointer.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
    value = Object.hasOwn(Object(value), name) ? (value as Record<string, unknown>)[name] : undefined
  }
  return value
}

/** A path of the hub that is named, and not the address of another one. */
function isPath(path: string): boolean {
  return /^\/(?!\/)[^\\\s]*$/.test(path)
}

/** Undefined where the report has only the beginning. */
function wholeText(body: RecordedBody | undefined): string | undefined {
  if (body?.excerpt === undefined) return undefined
  return Buffer.byteLength(body.excerpt) === body.bytes ? body.excerpt : undefined
}

function jsonIn(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

function mediaTypeOf(headers: Readonly<Record<string, string>>): string {
  return (headers['content-type'] ?? '').split(';')[0] ?? ''
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
