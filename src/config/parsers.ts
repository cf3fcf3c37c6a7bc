/** Parsers of settings: each converts a text into a value, or throws an Error that names what was expected. */

import { isIP } from 'node:net'
import { availableParallelism } from 'node:os'
import { suggest } from '../formats/suggest.ts'
import { parseBytes } from '../memory/byte-size.ts'
import { parseTargets } from '../operations/asset-interfaces/targets.ts'
import type { ExaminationSchedule } from '../reports/compliance/runs/schedule.ts'
import type { AccessSubject } from '../security/subject.ts'
import { parseSubject } from '../security/subject-text.ts'

export type Parse<Value> = (text: string) => Value

export interface Setting<Value> {
  readonly parse: Parse<Value>
  /** As it would be written; empty: not set. */
  readonly default: string
  readonly means: string
  /** A flag that needs no value. */
  readonly flag?: true
}

/** What is done with a submodel that violates its template. */
export const TEMPLATE_POLICIES = ['off', 'warn', 'enforce'] as const

export function parseText(text: string): string {
  return text
}

export function parseBoolean(text: string): boolean {
  const value = { true: true, yes: true, '1': true, false: false, no: false, '0': false }[text.toLowerCase()]
  if (value === undefined) throw new Error('true or false')
  return value
}

export function parsePort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new Error('a port from 0 to 65535')
  return Number(text)
}

/** Undefined for `off`. */
export function parseOptionalPort(text: string): number | undefined {
  if (text === 'off') return undefined
  try {
    return parsePort(text)
  } catch (error) {
    throw new Error(`${(error as Error).message}, or off`)
  }
}

export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error('an integer of at least 1')
  return Number(text)
}

/** Infinity for `off`. */
export function parseOptionalCount(text: string): number {
  if (text === 'off') return Number.POSITIVE_INFINITY
  try {
    return parseCount(text)
  } catch (error) {
    throw new Error(`${(error as Error).message}, or off`)
  }
}

export function parseClaims(text: string): AccessSubject {
  try {
    return parseSubject(text, 'the value')
  } catch {
    throw new Error('claims such as role=gateway,line=1, JSON, or anonymous')
  }
}

export function parseOptionalClaims(text: string): AccessSubject | undefined {
  return text === '' ? undefined : parseClaims(text)
}

/** In bytes; {@link AUTO} for `auto`. */
export function parseAutoBytes(text: string): number {
  if (text === 'auto') return AUTO
  try {
    return parseBytes(text)
  } catch (error) {
    throw new Error(`auto, or ${(error as Error).message}`)
  }
}

/** Stands for what follows from `MEMORY` (config.ts). */
const AUTO = 0

const MS_PER_UNIT = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds. */
export function parseDuration(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? []
  const span = Number(number) * (Object.entries(MS_PER_UNIT).find(([name]) => name === unit)?.[1] ?? Number.NaN)
  if (number === '' || span < 1 || span > 3650 * MS_PER_UNIT.d)
    throw new Error('a duration such as 500ms, 30s, 5m, 12h or 7d')
  return span
}

/** Milliseconds; Infinity for `off`. */
export function parseOptionalDuration(text: string): number {
  if (text === 'off') return Number.POSITIVE_INFINITY
  try {
    return parseDuration(text)
  } catch (error) {
    throw new Error(`${(error as Error).message}, or off`)
  }
}

/** Milliseconds; 0 for `off`. */
export function parseRetention(text: string): number {
  const span = parseOptionalDuration(text)
  return Number.isFinite(span) ? span : 0
}

/** Milliseconds; no more than a timer can wait. */
export function parseTimeout(text: string): number {
  const span = parseDuration(text)
  if (span > 24 * MS_PER_UNIT.d) throw new Error('a duration of at most 24d')
  return span
}

/** Beyond this many exports at the same time the disk is what they wait for. */
const MAX_AUTOMATIC_THREADS = 4

/** Number of threads; 0 for `off`. */
export function parseThreads(text: string): number {
  if (text === 'off') return 0
  if (text === 'auto') return Math.min(Math.max(availableParallelism() - 1, 1), MAX_AUTOMATIC_THREADS)
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > 64) throw new Error('auto, off, or a number from 1 to 64')
  return count
}

/** Undefined for `off`. */
export function parseSchedule(text: string): ExaminationSchedule | undefined {
  if (text === 'off' || text === '') return undefined
  const [, hours = '', minutes = ''] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text) ?? []
  if (hours !== '') return { dailyAt: Number(hours) * 60 + Number(minutes) }
  try {
    const everyMs = parseDuration(text)
    if (everyMs >= MIN_SCHEDULE_MS) return { everyMs }
  } catch {
    // Said below.
  }
  throw new Error('an interval of at least 10m such as 12h or 7d, a time of day such as 03:00, or off')
}

const MIN_SCHEDULE_MS = 10 * MS_PER_UNIT.m

/** A path of plain segments, which routers and proxies read alike. */
export function parsePathPrefix(text: string): string {
  if (!/^(\/[a-zA-Z0-9._-]+)+$/.test(text) || /\/\.\.?(\/|$)/.test(text)) throw new Error('a path such as /api/v3')
  return text
}

/** The origin of an HTTP URL; '' where not set. */
export function parseOrigin(text: string): string {
  if (text === '') return ''
  const parsed = URL.parse(text)
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol) || parsed.href !== `${parsed.origin}/`) {
    throw new Error('a URL such as https://hub.example.com')
  }
  return parsed.origin
}

export function parseOrigins(text: string): '*' | readonly string[] {
  if (text === '*') return text
  const list = text === '' ? [] : text.split(',').map((origin) => origin.trim())
  if (list.some((origin) => URL.parse(origin)?.origin !== origin)) {
    throw new Error('* or origins such as https://app.example.com, separated by commas')
  }
  return list
}

/** Host names without port. */
export function parseHosts(text: string): '*' | readonly string[] {
  if (text === '*') return text
  const list = text === '' ? [] : text.split(',').map((name) => name.trim())
  if (list.some((name) => !/^[a-zA-Z0-9._-]+$/.test(name))) {
    throw new Error('* or names such as hub.example.com, separated by commas, without port')
  }
  return list
}

/** Addresses and networks in CIDR notation. */
export function parseNetworks(text: string): readonly string[] {
  const list = text === '' ? [] : text.split(',').map((one) => one.trim())
  for (const one of list) {
    const [, address = '', bits = '0'] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(one) ?? []
    const version = isIP(address)
    if (version === 0 || Number(bits) > (version === 4 ? 32 : 128)) {
      throw new Error('addresses or networks such as 10.0.0.5 or 10.0.0.0/8, separated by commas')
    }
  }
  return list
}

/** URL of an MQTT broker. A password in it would show in every list of processes. */
export function parseBrokerUrl(text: string): string {
  if (text === '') return ''
  const parsed = URL.parse(text)
  const known = ['mqtt:', 'mqtts:', 'ws:', 'wss:'].includes(parsed?.protocol ?? '')
  if (!known || parsed?.hostname === '') throw new Error('a URL such as mqtt://broker.example.com:1883')
  if (parsed?.username !== '' || parsed.password !== '') throw new Error('no password here, but MQTT_CREDENTIALS_FILE')
  return text
}

/** Connection string of MongoDB. A password in it would show in every list of processes. */
export function parseDatabaseUrl(text: string): string {
  if (text === '') return ''
  // With several hosts, separated by commas, it is no URL; the driver parses it.
  const [, user] = /^mongodb(?:\+srv)?:\/\/([^@/]*@)?[^@/?]+(?:[/?].*)?$/.exec(text) ?? [text, '?']
  if (user === '?') throw new Error('a URL such as mongodb://db1.example.com,db2.example.com/hub?replicaSet=rs0')
  if (user?.includes(':') === true) throw new Error('no password here, but MONGODB_CREDENTIALS_FILE')
  return text
}

/** One level of a topic. */
export function parseTopicLevel(text: string): string {
  if (/[/+#\s\0]/.test(text)) throw new Error('a name such as plant-1, without /, + and #')
  return text
}

/** A topic to publish on; '' where not set. */
export function parseTopic(text: string): string {
  if (/[+#\s\0]|^\/|\/$|^\$/.test(text)) throw new Error('a topic such as plant-1/events, without + and #')
  return text
}

/** An HTTP URL without a slash at the end; '' where not set. */
export function parseUrl(text: string): string {
  if (text !== '' && !['http:', 'https:'].includes(URL.parse(text)?.protocol ?? '')) {
    throw new Error('a URL such as https://registry.example.com/api/v3')
  }
  return text.replace(/\/+$/, '')
}

export function parseUrls(text: string): readonly string[] {
  return text === '' ? [] : text.split(',').map((one) => parseUrl(one.trim()))
}

/** The entries, each as it was written. */
export function parseTargetList(text: string): readonly string[] {
  return parseTargets(text).map((target) => target.text)
}

/** Template policies by semanticId. */
export function parseTemplatePolicies(text: string): ReadonlyMap<string, (typeof TEMPLATE_POLICIES)[number]> {
  const policies = new Map<string, (typeof TEMPLATE_POLICIES)[number]>()
  for (const one of text === '' ? [] : text.split(',')) {
    const at = one.lastIndexOf('=')
    const policy = TEMPLATE_POLICIES.find((policy) => policy === one.slice(at + 1).trim())
    if (at < 1 || policy === undefined)
      throw new Error(
        `semanticIds, each with =${TEMPLATE_POLICIES.join(' or =')}, separated by commas; "${one}" is not one`
      )
    policies.set(one.slice(0, at).trim(), policy)
  }
  return policies
}

export function parseOneOf<const Choice extends string>(...choices: Choice[]): Parse<Choice> {
  return (text) => {
    const choice = choices.find((choice) => choice === text.toLowerCase())
    if (choice !== undefined) return choice
    const near = suggest(text, choices)
    throw new Error(`one of ${choices.join(', ')}${near === undefined ? '' : `; did you mean ${near}?`}`)
  }
}
