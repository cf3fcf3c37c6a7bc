/** `/security/…`: sessions of users in a browser, users, API keys. */
import type { FastifyInstance } from 'fastify'
import type { Identity } from '../../security/identity/identity.ts'
import { acceptJson } from '../http/body.ts'
import type { BodyBudget } from '../http/body-collector.ts'
import { serveKeys } from './keys.ts'
import { serveSessions } from './session.ts'
import { serveUsers } from './users.ts'

export interface SecurityOptions {
  readonly identity: Identity
  readonly bodies: BodyBudget
  /** Do browsers reach the hub by https, in process or by a proxy? */
  readonly isHttps: boolean
  readonly apiPrefix: string
}

export async function security(app: FastifyInstance, { identity, bodies, ...options }: SecurityOptions): Promise<void> {
  await app.register(async (scope) => {
    acceptJson(scope, bodies)
    // Neither a browser nor a proxy may keep a secret.
    scope.addHook('onSend', async (_request, reply) => {
      reply.header('cache-control', 'no-store')
    })
    serveSessions(scope, { identity, ...options })
    serveUsers(scope, identity)
    serveKeys(scope, identity)
  })
}
