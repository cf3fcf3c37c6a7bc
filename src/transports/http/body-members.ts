/** Members of the JSON bodies of the hub's own endpoints, checked one by one. Messages never repeat a value: it may be a secret. */
import { HubError } from '../../errors.ts'
import { durationMs } from '../../model/duration.ts'

const MAX_TEXT = 1000
const MAX_CLAIMS_BYTES = 16_384
const MAX_IDS = 1000

type Body = Readonly<Record<string, unknown>>

/** @param known the members that are allowed @throws HubError `BadRequest` */
export function bodyOf(body: unknown, known: readonly string[]): Body {
  if (!isObject(body)) throw refusal('', `an object with ${known.join(', ')}`)
  const unknown = Object.keys(body).find((name) => !known.includes(name))
  if (unknown !== undefined) throw refusal(unknown.slice(0, 60), `one of ${known.join(', ')}, but no other member`)
  return body
}

export function textIn(body: Body, name: string): string {
  const text = optionalText(body, name)
  if (text === undefined) throw refusal(name, 'a text')
  return text
}

export function optionalText(body: Body, name: string): string | undefined {
  const value = body[name]
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value === '' || value.length > MAX_TEXT) {
    throw refusal(name, `a text of 1 to ${MAX_TEXT} characters`)
  }
  return value
}

/** @param unit for the message */
export function optionalPositive(body: Body, name: string, unit: string): number | undefined {
  const value = body[name]
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !(value > 0)) throw refusal(name, `a number of ${unit} greater than 0`)
  return value
}

/** A text of many lines. @param maxLength in characters */
export function longText(body: Body, name: string, maxLength: number): string {
  const value = body[name]
  if (typeof value !== 'string' || value === '' || value.length > maxLength) {
    throw refusal(name, `a text of 1 to ${maxLength} characters`)
  }
  return value
}

export function optionalFlag(body: Body, name: string): boolean | undefined {
  const value = body[name]
  if (value !== undefined && typeof value !== 'boolean') throw refusal(name, 'true or false')
  return value
}

/** Milliseconds since 1970. */
export function optionalTime(body: Body, name: string): number | undefined {
  const text = optionalText(body, name)
  const time = text === undefined ? undefined : Date.parse(text)
  if (Number.isNaN(time)) throw refusal(name, 'a time such as 2027-01-31T00:00:00Z')
  return time
}

/** Milliseconds. */
export function durationIn(body: Body, name: string, defaultMs: number): number {
  const text = optionalText(body, name)
  if (text === undefined) return defaultMs
  const ms = durationMs(text)
  if (ms === undefined || ms < 0) throw refusal(name, 'a duration (ISO 8601) such as PT1H or P7D')
  return ms
}

export function optionalClaims(body: Body, name: string): Body | undefined {
  const claims = body[name]
  if (claims === undefined) return undefined
  if (!isObject(claims) || JSON.stringify(claims).length > MAX_CLAIMS_BYTES) throw refusal(name, 'an object')
  const wrong = Object.entries(claims).find(([claim, value]) => claim === 'sub' || !isClaim(value))
  if (wrong !== undefined) {
    throw refusal(`${name}/${wrong[0].slice(0, 60)}`, 'a text, number, boolean or list of these, and no claim "sub"')
  }
  return claims
}

export function optionalIds(body: Body, name: string): readonly string[] | undefined {
  const value = body[name]
  if (value === undefined) return undefined
  const isList = Array.isArray(value) && value.length > 0 && value.length <= MAX_IDS
  if (!isList || value.some((id) => typeof id !== 'string' || id === '')) {
    throw refusal(name, `a list of 1 to ${MAX_IDS} ids`)
  }
  return value
}

/** A parameter of the query. @throws HubError `BadRequest` */
export function required(value: string | undefined, name: string): string {
  if (value === undefined || value === '') throw new HubError('BadRequest', [`The parameter ${name} is missing`])
  return value
}

function isClaim(value: unknown): boolean {
  return Array.isArray(value) ? value.every(isScalar) : isScalar(value)
}

function isScalar(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value)
}

function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refusal(name: string, expected: string): HubError {
  return new HubError('BadRequest', [`${name === '' ? 'The body' : `/${name}`}: expected ${expected}`])
}
