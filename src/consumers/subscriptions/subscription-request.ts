/** Parses and validates subscription requests, from JSON or anything like it. */
import { HubError } from '../../errors.ts'
import { decodeCursor } from '../../model/cursor.ts'
import { compilePath } from '../../model/path-pattern.ts'
import { parseTime } from '../../model/time.ts'
import { changeKinds, type Selection, type SubscriptionRequest } from './subscription.ts'

/** Limits of a selection: entries of a member, characters of an entry. [AASd-100] limits identifiers to 2048. */
const MAX_SELECTION_ENTRIES = 1000
const MAX_TEXT_LENGTH = 2048

const MAX_INTERVAL_MS = 24 * 60 * 60 * 1000
const MAX_WINDOW_MS = 60 * 1000
const MAX_BUFFER_BYTES = 1024 ** 3

/**
 * Parses the members of a JSON object; other members are ignored.
 * @throws HubError `BadRequest` naming the member and what was expected
 */
export function parseSubscriptionRequest(sent: unknown): SubscriptionRequest {
  const from = objectOf(sent, 'The subscription')
  return {
    ...given('select', from.select === undefined ? undefined : parseSelection(from.select)),
    ...given('snapshot', flag(from, 'snapshot')),
    ...given('since', since(from)),
    ...given('interval', whole(from, 'interval', MAX_INTERVAL_MS)),
    ...given('window', whole(from, 'window', MAX_WINDOW_MS)),
    ...given('content', choice(from, 'content', ['value', 'full'])),
    ...given('columns', flag(from, 'columns')),
    ...given('envelope', choice(from, 'envelope', ['plain', 'cloudevents', 'feed'])),
    ...given('overflow', choice(from, 'overflow', ['conflate', 'disconnect'])),
    ...given('buffer', whole(from, 'buffer', MAX_BUFFER_BYTES))
  }
}

/** @throws HubError `BadRequest` */
function parseSelection(sent: unknown): Selection {
  const from = objectOf(sent, 'select')
  const unknown = Object.keys(from).find((name) => !MEMBERS.has(name))
  if (unknown !== undefined) throw wrong('select', `only ${[...MEMBERS].join(', ')}`, unknown)
  const paths = texts(from, 'paths')
  for (const path of paths ?? []) compilePath(path)
  const kinds = texts(from, 'kinds')
  for (const kind of kinds ?? []) if (!changeKinds.some((known) => known === kind)) throw wrong('kinds', KINDS, kind)
  return {
    ...given('shells', texts(from, 'shells')),
    ...given('submodels', texts(from, 'submodels')),
    ...given('paths', paths),
    ...given('semanticIds', texts(from, 'semanticIds')),
    ...given('kinds', kinds as Selection['kinds'])
  }
}

const MEMBERS = new Set(['shells', 'submodels', 'paths', 'semanticIds', 'kinds'])
const KINDS = changeKinds.join(' or ')

function given<Name extends string, Value>(name: Name, value: Value | undefined): { [N in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [N in Name]: Value })
}

type Sent = Readonly<Record<string, unknown>>

function objectOf(sent: unknown, name: string): Sent {
  if (typeof sent === 'object' && sent !== null && !Array.isArray(sent)) return sent as Sent
  throw wrong(name, 'a JSON object', sent)
}

function texts(from: Sent, name: string): readonly string[] | undefined {
  const sent = from[name]
  if (sent === undefined) return undefined
  if (!Array.isArray(sent) || sent.length > MAX_SELECTION_ENTRIES)
    throw wrong(name, `a list of at most ${MAX_SELECTION_ENTRIES} texts`, sent)
  for (const text of sent) {
    if (typeof text !== 'string' || text === '' || text.length > MAX_TEXT_LENGTH) {
      throw wrong(name, `texts of 1 to ${MAX_TEXT_LENGTH} characters`, text)
    }
  }
  return sent
}

function flag(from: Sent, name: string): boolean | undefined {
  const sent = from[name]
  if (sent === undefined || typeof sent === 'boolean') return sent
  throw wrong(name, 'true or false', sent)
}

function whole(from: Sent, name: string, greatest: number): number | undefined {
  const sent = from[name]
  if (sent === undefined) return undefined
  if (typeof sent === 'number' && Number.isInteger(sent) && sent >= 0 && sent <= greatest) return sent
  throw wrong(name, `an integer from 0 to ${greatest}`, sent)
}

function choice<const Choice extends string>(from: Sent, name: string, choices: readonly Choice[]): Choice | undefined {
  const sent = from[name]
  if (sent === undefined) return undefined
  const found = choices.find((one) => one === sent)
  if (found === undefined) throw wrong(name, choices.join(' or '), sent)
  return found
}

function since(from: Sent): string | undefined {
  const sent = from.since
  if (sent === undefined) return undefined
  if (typeof sent === 'string' && isSince(sent)) return sent
  throw wrong('since', 'a cursor of the hub, or a time such as 2026-01-31T12:00:00Z', sent)
}

function isSince(text: string): boolean {
  return decodeCursor(text) !== undefined || parseTime(text) !== undefined
}

function wrong(name: string, expected: string, found: unknown): HubError {
  const text = typeof found === 'string' ? `"${found}"` : (JSON.stringify(found) ?? 'nothing')
  return new HubError('BadRequest', [`${name}: ${expected} was expected; found ${text.slice(0, 80).toWellFormed()}`])
}
