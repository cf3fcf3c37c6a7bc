/** The users of the hub itself, for those with the right to the route. */
import type { FastifyInstance } from 'fastify'
import type { Identity } from '../../security/identity/identity.ts'
import type { UserSummary } from '../../security/identity/users.ts'
import { bodyOf, optionalClaims, optionalFlag, optionalText, required, textIn } from '../http/body-members.ts'
import { serve } from '../http/extension-endpoint.ts'
import { userChangeEndpoint, usersEndpoint } from './endpoints.ts'
import { checkFirstCredential } from './session.ts'

export function serveUsers(app: FastifyInstance, identity: Identity): void {
  const { users } = identity
  serve(app, '', usersEndpoint, {
    get: async () => {
      return (await users.list()).map(shown)
    },
    post: async ({ request, reply, access }) => {
      const body = bodyOf(request.body, ['name', 'password', 'claims'])
      const claims = optionalClaims(body, 'claims') ?? {}
      checkFirstCredential(identity, claims, request)
      const user = { name: textIn(body, 'name'), password: textIn(body, 'password'), claims }
      return reply.code(201).send(shown(await users.create(user, access?.caller)))
    },
    delete: async ({ reply, access, query }) => {
      await users.remove(required(query().name, 'name'), access?.caller)
      return reply.code(204).send()
    }
  })
  serve(app, '', userChangeEndpoint, {
    post: async ({ request, access }) => {
      const body = bodyOf(request.body, ['name', 'claims', 'password', 'disabled'])
      const [name, password] = [textIn(body, 'name'), optionalText(body, 'password')]
      const [claims, disabled] = [optionalClaims(body, 'claims'), optionalFlag(body, 'disabled')]
      if (password !== undefined) await users.setPassword(name, password, access?.caller)
      const change = { ...(claims && { claims }), ...(disabled !== undefined && { disabled }) }
      return shown(await users.change(name, change, access?.caller))
    }
  })
}

function shown({ created, passwordChanged, isDisabled, ...user }: UserSummary): object {
  return {
    ...user,
    created: new Date(created).toISOString(),
    passwordChanged: new Date(passwordChanged).toISOString(),
    ...(isDisabled && { disabled: true })
  }
}
