/** Sign in, sign out, and who am I. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import { accessToEndpoint, requireRight } from '../../operations/subject-context.ts'
import type { Access } from '../../security/access.ts'
import type { Caller } from '../../security/caller.ts'
import { unauthorized } from '../../security/identity/credentials.ts'
import type { Identity } from '../../security/identity/identity.ts'
import { csrfTokenOf } from '../../security/identity/sessions.ts'
import { isLoopback } from '../../security/loopback.ts'
import { requestPaths } from '../../security/target.ts'
import { bodyOf, textIn } from '../http/body-members.ts'
import { SESSION_COOKIE, sessionOf } from '../http/credentials.ts'
import { serve } from '../http/extension-endpoint.ts'
import { type Route, routes } from '../http/routes.ts'
import { passwordEndpoint, sessionEndpoint } from './endpoints.ts'

export interface SessionOptions {
  readonly identity: Identity
  readonly isHttps: boolean
  readonly apiPrefix: string
}

export function serveSessions(app: FastifyInstance, { identity, isHttps, apiPrefix }: SessionOptions): void {
  const attributes = `Path=/; HttpOnly; SameSite=Strict${isHttps ? '; Secure' : ''}`
  const ended = `${SESSION_COOKIE}=; Max-Age=0; ${attributes}`

  serve(app, '', sessionEndpoint, {
    get: async ({ request }) => {
      if (request.access === undefined) return { name: 'anonymous', authentication: 'open', mayUpload: true }
      const { caller } = request.access
      const session = caller.authentication === 'session' ? sessionOf(request) : undefined
      return {
        ...(await describe(request.access, apiPrefix)),
        ...(session !== undefined && { csrfToken: csrfTokenOf(session) })
      }
    },
    post: async ({ request, reply }) => {
      refuseOpenHub(identity)
      const body = bodyOf(request.body, ['user', 'password'])
      const opened = await identity.sessions.open(textIn(body, 'user'), textIn(body, 'password'), request.ip)
      // Without an expiry: the browser forgets it at its end, and the hub knows when it ends.
      reply.header('set-cookie', `${SESSION_COOKIE}=${opened.session}; ${attributes}`)
      const access = (request.access as Access).as(opened.caller)
      return { ...(await describe(access, apiPrefix)), csrfToken: opened.csrf }
    },
    delete: async ({ request, reply }) => {
      const session = sessionOf(request)
      if (session !== undefined && callerOf(request)?.authentication === 'session') {
        await identity.sessions.close(session, callerOf(request) as Caller)
      }
      return reply.code(204).header('set-cookie', ended).send()
    }
  })

  serve(app, '', passwordEndpoint, {
    post: async ({ request, reply }) => {
      refuseOpenHub(identity)
      const body = bodyOf(request.body, ['user', 'current', 'password'])
      const [user, current, password] = [textIn(body, 'user'), textIn(body, 'current'), textIn(body, 'password')]
      await identity.users.changeOwnPassword(user, current, password, request.ip)
      return reply.code(204).send()
    }
  })
}

async function describe(access: Access, apiPrefix: string): Promise<object> {
  const {
    name,
    authentication,
    subject: { claims },
    expiresAt
  } = access.caller
  return {
    ...{ name, authentication, mayUpload: await mayUpload(access, apiPrefix) },
    ...(claims !== undefined && { claims }),
    ...(expiresAt !== undefined && { expires: new Date(expiresAt).toISOString() })
  }
}

const upload = routes().find(({ definition }) => definition.name === 'UploadFile') as Route

/** Whether pages for uploads concern the caller; what it may store is decided document by document. */
async function mayUpload(access: Access, apiPrefix: string): Promise<boolean> {
  const { required, questions } = accessToEndpoint(upload.endpoint)
  try {
    await requireRight(access.at(requestPaths(apiPrefix + upload.path, apiPrefix)), required, questions)
    return true
  } catch (error) {
    if (error instanceof HubError) return false
    throw error
  }
}

function callerOf(request: FastifyRequest): Caller | undefined {
  return request.access?.caller
}

function refuseOpenHub({ isConfigured }: Identity): void {
  if (!isConfigured) throw unauthorized('this hub has no users; everything is allowed without signing in')
}

/**
 * The first credential of an open hub has to be an administrator: with any other one, none could make further ones. It is
 * made on the machine of the hub: otherwise a stranger could take over a hub that is open to the network.
 * @throws HubError `Conflict`, `Forbidden`
 */
export function checkFirstCredential(
  { isConfigured }: Identity,
  claims: Readonly<Record<string, unknown>>,
  { ip, headers }: FastifyRequest
): void {
  if (isConfigured) return
  const isForwarded = headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined
  if (isForwarded || !isLoopback(ip.replace(/^::ffff:/, ''))) {
    throw new HubError('Forbidden', ['the first user or key is made on the machine of the hub, by aas-hub setup'])
  }
  if ([claims.role].flat().includes('administrator')) return
  throw new HubError('Conflict', ['The first user or key of a hub has to have the role administrator'])
}
