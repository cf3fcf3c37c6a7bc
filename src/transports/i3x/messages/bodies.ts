/** Parses the bodies of i3X's requests. Unknown members are ignored; errors name the member. */
import { HubError } from '../../../errors.ts'
import { excerptOf } from '../../../model/excerpt.ts'

/** Elements, or subscriptions, that one request may name. */
export const MAX_IDS = 10_000
const MAX_ID_LENGTH = 8192
/** Tokens serve as clientId. */
const MAX_NAME_LENGTH = 8192
const MAX_DEPTH = 1000

export type Body = Readonly<Record<string, unknown>>

/** @throws HubError `BadRequest` */
export function objectBody(body: unknown): Body {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Body
  throw wrong('The body', 'a JSON object', body)
}

/** @throws HubError `BadRequest` */
export function idsIn(body: Body, name = 'elementIds'): readonly string[] {
  const ids = body[name]
  if (!Array.isArray(ids)) throw wrong(name, 'a list of texts', ids)
  if (ids.length > MAX_IDS) {
    throw new HubError('BadRequest', [`${name}: at most ${MAX_IDS} are answered in one request; send several requests`])
  }
  for (const id of ids)
    if (typeof id !== 'string' || id.length > MAX_ID_LENGTH) throw wrong(name, 'a list of texts', id)
  return ids
}

/** 0 is without limit; absent: 1. @throws HubError `BadRequest` */
export function maxDepthIn({ maxDepth }: Body): number {
  if (maxDepth === undefined || maxDepth === null) return 1
  if (typeof maxDepth === 'number' && Number.isInteger(maxDepth) && maxDepth >= 0) return Math.min(maxDepth, MAX_DEPTH)
  throw wrong('maxDepth', 'an integer of at least 0', maxDepth)
}

/** @throws HubError `BadRequest` */
export function flagIn(body: Body, name: string): boolean {
  const flag = body[name]
  if (flag === undefined || flag === null) return false
  if (typeof flag === 'boolean') return flag
  throw wrong(name, 'true or false', flag)
}

/** A text that must be there. @throws HubError `BadRequest` */
export function textIn(body: Body, name: string): string {
  const text = optionalTextIn(body, name)
  if (text === undefined || text === '') throw wrong(name, 'a text', body[name])
  return text
}

/** @throws HubError `BadRequest` */
export function optionalTextIn(body: Body, name: string): string | undefined {
  const text = body[name]
  if (text === undefined || text === null) return undefined
  if (typeof text === 'string' && text.length <= MAX_NAME_LENGTH) return text
  throw wrong(name, `a text of at most ${MAX_NAME_LENGTH} characters`, text)
}

export function wrong(name: string, expected: string, found: unknown): HubError {
  return new HubError('BadRequest', [`${name}: ${expected} was expected; found ${excerptOf(found)}`])
}
