/** API keys, for those with the right to the route. */
import type { FastifyInstance } from 'fastify'
import type { Identity } from '../../security/identity/identity.ts'
import type { KeySummary } from '../../security/identity/keys.ts'
import {
  bodyOf,
  durationIn,
  optionalClaims,
  optionalIds,
  optionalTime,
  required,
  textIn
} from '../http/body-members.ts'
import { serve } from '../http/extension-endpoint.ts'
import { keyRotationEndpoint, keysEndpoint } from './endpoints.ts'
import { checkFirstCredential } from './session.ts'

const GRACE_MS = 3_600_000

export function serveKeys(app: FastifyInstance, identity: Identity): void {
  const { keys } = identity
  serve(app, '', keysEndpoint, {
    get: async () => {
      return (await keys.list()).map(shown)
    },
    post: async ({ request, reply, access }) => {
      const body = bodyOf(request.body, ['name', 'claims', 'push', 'read', 'expires'])
      const [push, read, expires] = [
        optionalIds(body, 'push'),
        optionalIds(body, 'read'),
        optionalTime(body, 'expires')
      ]
      const claims = {
        ...optionalClaims(body, 'claims'),
        ...(push && { 'hub.push': push }),
        ...(read && { 'hub.read': read })
      }
      checkFirstCredential(identity, claims, request)
      const name = textIn(body, 'name')
      const created = await keys.create({ name, claims, ...(expires !== undefined && { expires }) }, access?.caller)
      return reply.code(201).send(shown(created))
    },
    delete: async ({ reply, access, query }) => {
      await keys.revoke(required(query().id, 'id'), access?.caller)
      return reply.code(204).send()
    }
  })
  serve(app, '', keyRotationEndpoint, {
    post: async ({ request, access }) => {
      const body = bodyOf(request.body, ['id', 'grace'])
      return shown(await keys.rotate(textIn(body, 'id'), durationIn(body, 'grace', GRACE_MS), access?.caller))
    }
  })
}

function shown<Key extends KeySummary>({ created, expires, ...key }: Key): object {
  return {
    ...key,
    created: new Date(created).toISOString(),
    ...(expires !== undefined && { expires: new Date(expires).toISOString() })
  }
}
