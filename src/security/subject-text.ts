/** Who is asking, as operators write it in options and settings. */
import { HubError } from '../errors.ts'
import { parseJson } from '../formats/json.ts'
import type { AccessSubject } from './subject.ts'

/**
 * Parses who is asking: a JSON object of claims, `name=value` pairs separated by commas, or `anonymous`. A name that
 * is repeated is a list.
 * @param where for the error
 * @throws HubError BadRequest
 */
export function parseSubject(text: string, where: string): AccessSubject {
  if (text === 'anonymous') return {}
  if (text.startsWith('{')) return { claims: parseJson(text) as Record<string, unknown> }
  const claims: Record<string, unknown> = {}
  for (const pair of text.split(',')) {
    const [, name, value = ''] = /^([^=]+)=(.*)$/s.exec(pair) ?? []
    if (name === undefined) {
      throw new HubError('BadRequest', [`${where} is ${JSON.stringify(text)}, expected JSON, name=value or anonymous`])
    }
    claims[name] = Object.hasOwn(claims, name) ? [claims[name], value].flat() : value
  }
  return { claims }
}
