/** POST /query/…: the query language of Part 2. */
import { HubError } from '../errors.ts'
import type { Kind } from './documents.ts'
import type { Handler } from './hub.ts'

export function query(_kind: Kind): Handler {
  return async () => {
    throw new HubError('NotImplemented', ['The query language'])
  }
}
