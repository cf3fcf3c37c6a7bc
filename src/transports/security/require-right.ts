/** Access to the hub's own resources, which rules name by ROUTE. */
import type { FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import type { Caller } from '../../security/caller.ts'
import { unauthorized } from '../../security/identity/credentials.ts'
import type { Right } from '../../security/rights.ts'

/** @throws HubError `Unauthorized` for an anonymous caller, `Forbidden` for any other */
export async function requireRight({ access, method, url }: FastifyRequest, right: Right): Promise<void> {
  if (access === undefined || (await access.ofKind(right, undefined)) === 'allowed') return
  if (access.caller.authentication === 'none') throw unauthorized('credentials are needed')
  throw new HubError('Forbidden', [`${method} ${url.split('?', 1)[0]}`])
}

/** Undefined where the hub is open. */
export function callerIn({ access }: FastifyRequest): Caller | undefined {
  return access?.caller
}
