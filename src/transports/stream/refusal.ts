/** The message by which the hub refuses one of a client. */
import { HubError } from '../../errors.ts'

/** Chosen by the client. */
export type MessageId = string | number | undefined

/** Violations in one message. */
const MAX_REPORTED = 100

export function refusalOf(id: MessageId, error: unknown) {
  const { name, status, message, violations } = error instanceof HubError ? error : new HubError('Internal')
  return {
    type: 'refused',
    ...(id !== undefined && { id }),
    code: name,
    status,
    text: message,
    ...(violations.length > 0 && { violations: violations.slice(0, MAX_REPORTED) })
  }
}
