/** Parses the WHERE clause: conditions on tags, and bounds of time. */
import { HubError } from '../../errors.ts'
import { earlier, later, parseTime } from '../../model/time.ts'
import { type TimeZone, UTC } from '../../model/time-zone.ts'
import type { NameMatch, TagCondition, TimeBounds } from './syntax.ts'
import type { Token, TokenReader } from './tokens.ts'

/** Parsed when the time zone is known, which comes at the end of a statement. */
export type TimeText = { readonly text: string; readonly shift: bigint } | { readonly time: bigint }

interface RawBound {
  readonly sign: string
  readonly time: TimeText
}

export interface Where {
  readonly where?: TagCondition
  readonly bounds: readonly RawBound[]
}

/** Parts of a condition that may lie within one another. */
const MAX_DEPTH = 100
const MAX_PARTS = 1000

interface WhereContext {
  readonly now: bigint
  readonly bounds: RawBound[]
  parts: number
}

/** After the word WHERE. @throws HubError `BadRequest` */
export function parseWhere(reader: TokenReader, { now }: { readonly now: bigint }): Where {
  const context: WhereContext = { now, bounds: [], parts: 0 }
  const where = parseAlternatives(reader, context, true, 0)
  return { bounds: context.bounds, ...(where !== undefined && { where }) }
}

/** The bounds that hold together. @param zone of times without an offset */
export function boundsOf({ bounds }: Pick<Where, 'bounds'>, zone: TimeZone = UTC): TimeBounds {
  let [after, until]: (bigint | undefined)[] = []
  for (const { sign, time } of bounds) {
    const at = resolve(time, zone)
    if (sign === '=' || sign.startsWith('>')) {
      const from = sign === '>' ? at + 1n : at
      after = after === undefined ? from : later(after, from)
    }
    if (sign === '=' || sign.startsWith('<')) {
      const to = sign === '<' ? at - 1n : at
      until = until === undefined ? to : earlier(until, to)
    }
  }
  return {
    ...(after !== undefined && { after: bounded(after) }),
    ...(until !== undefined && { until: bounded(until) })
  }
}

function bounded(time: bigint): bigint {
  return time < MIN_TIME ? MIN_TIME : time > MAX_TIME ? MAX_TIME : time
}

const MIN_TIME = -(2n ** 63n)
const MAX_TIME = 2n ** 63n - 1n

/** @param isAlways what is parsed must hold in any case, so that it may bound the time */
function parseAlternatives(
  reader: TokenReader,
  context: WhereContext,
  isAlways: boolean,
  depth: number
): TagCondition | undefined {
  if (depth > MAX_DEPTH || ++context.parts > MAX_PARTS)
    throw new HubError('BadRequest', ['The WHERE clause is too long'])
  const before = context.bounds.length
  let left = parseAll(reader, context, isAlways, depth)
  while (reader.skip('OR')) {
    const right = parseAll(reader, context, false, depth)
    if (left === undefined || right === undefined || context.bounds.length > before) throw timeWithinOr()
    left = { is: 'or', left, right }
  }
  return left
}

function timeWithinOr(): HubError {
  return new HubError('BadRequest', ['Bounds of time are joined by AND; a time within OR is not answered'])
}

function parseAll(
  reader: TokenReader,
  context: WhereContext,
  isAlways: boolean,
  depth: number
): TagCondition | undefined {
  let left: TagCondition | undefined
  do {
    const right = parsePart(reader, context, isAlways, depth)
    if (left === undefined || right === undefined) left ??= right
    else left = { is: 'and', left, right }
  } while (reader.skip('AND'))
  return left
}

function parsePart(
  reader: TokenReader,
  context: WhereContext,
  isAlways: boolean,
  depth: number
): TagCondition | undefined {
  if (++context.parts > MAX_PARTS) throw new HubError('BadRequest', ['The WHERE clause is too long'])
  if (reader.skipSign('(')) {
    const inner = parseAlternatives(reader, context, isAlways, depth + 1)
    reader.expectSign(')')
    return inner
  }
  const isQuoted = reader.peek().is === 'name'
  const key = reader.name('a tag or time')
  const kind = reader.skipSign('::') ? reader.name('tag or field').toLowerCase() : undefined
  const sign = reader.next()
  if (key.toLowerCase() === 'time' && (!isQuoted || key === 'time') && kind === undefined) {
    if (!['=', '<', '<=', '>', '>='].includes(sign.text)) throw reader.unexpected('=, <, <=, > or >= and a time', sign)
    if (!isAlways) throw timeWithinOr()
    context.bounds.push({ sign: sign.text, time: parseTimeText(reader, context.now) })
    return undefined
  }
  return { is: 'tag', key, value: parseTagValue(reader, key, kind, sign) }
}

function parseTagValue(reader: TokenReader, key: string, kind: string | undefined, operator: Token): NameMatch {
  const { text: sign } = operator
  const negated = sign.startsWith('!') && { negated: true as const }
  if (sign === '=~' || sign === '!~') {
    const pattern = reader.pattern()
    if (pattern === undefined) throw reader.unexpected('an expression such as /.*/')
    if (kind === 'field') throw conditionOnField(key)
    return { pattern, ...negated }
  }
  if (!['=', '!=', '<', '<=', '>', '>='].includes(sign)) {
    throw reader.unexpected('=, !=, =~, !~ or, for time, <, <=, >, >=', operator)
  }
  reader.skipSign('-')
  const value = reader.next()
  if (value.is === 'end' || value.is === 'sign') throw reader.unexpected("a value such as 'text'", value)
  if (kind === 'field' || value.is !== 'text' || (sign !== '=' && sign !== '!=')) throw conditionOnField(key)
  return { name: value.text, ...negated }
}

export function conditionOnField(key: string): HubError {
  return new HubError('BadRequest', [
    `The condition on "${key.slice(0, 60)}" is not answered: WHERE is for the tags submodel, shell and asset (= != =~ !~ and a text) and for time`
  ])
}

/** `now() - 1h`, `'2026-11-24T03:00:00Z'`, `1764000000000ms` or nanoseconds, and durations added or subtracted. */
function parseTimeText(reader: TokenReader, now: bigint): TimeText {
  const isNegative = reader.skipSign('-')
  const first = reader.next()
  let time: TimeText
  if (first.is === 'text') time = { text: first.text, shift: 0n }
  else if (first.is === 'duration') time = { time: isNegative ? -first.value : first.value }
  else if (first.is === 'number' && /^\d{1,19}$/.test(first.text)) {
    time = { time: isNegative ? -BigInt(first.text) : BigInt(first.text) }
  } else if (first.is === 'word' && first.text.toLowerCase() === 'now') {
    reader.expectSign('(')
    reader.expectSign(')')
    time = { time: now }
  } else throw reader.unexpected("a time: now() - 1h, '2026-11-24T03:00:00Z' or 1764000000000ms", first)
  for (;;) {
    const sign = reader.skipSign('+') ? 1n : reader.skipSign('-') ? -1n : undefined
    if (sign === undefined) return time
    const shift = reader.next()
    if (shift.is !== 'duration') throw reader.unexpected('a duration such as 1h', shift)
    if ('text' in time) time = { text: time.text, shift: time.shift + sign * shift.value }
    else time = { time: time.time + sign * shift.value }
  }
}

function resolve(time: TimeText, zone: TimeZone): bigint {
  if ('time' in time) return time.time
  const [, day = '', rest = ''] = /^(\d{4}-\d\d-\d\d)(?:[T ](.*))?$/.exec(time.text) ?? []
  const written = rest === '' ? `${day}T00:00:00` : `${day}T${rest}`
  const exact = parseTime(written)
  if (exact !== undefined) return exact + time.shift
  const local = parseTime(`${written}Z`)
  if (local !== undefined) return zone.firstAt(local) + time.shift
  throw new HubError('BadRequest', [
    `A time is written as '2026-11-24T03:00:00Z' or '2026-11-24 03:00:00'; found '${time.text.slice(0, 60)}'`
  ])
}
