/** Declarations of `/security/…`: sessions, users and keys. */
import type { RequiredRight } from '../../security/rights.ts'
import {
  type DocumentedContents,
  type DocumentedResponse,
  documentText,
  type ExtensionEndpoint,
  type ExtensionOperation
} from '../http/extension-endpoint.ts'
import { ref } from '../http/openapi-schemas.ts'
import { singleValue } from '../http/parameters.ts'

const taken = (schema: string, summary: string, value: object): DocumentedContents => {
  return { 'application/json': { schema: ref(schema), examples: { body: { summary, value } } } }
}

/** Of operations with a body. */
const BODY_REFUSALS = [
  ...(['BadRequest', 'Unauthorized', 'Forbidden', 'NotFound', 'Conflict', 'TooLarge', 'UnsupportedMediaType'] as const),
  ...(['TooManyRequests', 'Internal'] as const)
]

const PASSWORD = 'correct horse battery'

const given = (description: string, schema: string): DocumentedResponse => {
  return { description, content: { 'application/json': { schema: ref(schema) } } }
}

const listed = (description: string, schema: string): DocumentedResponse => {
  return { description, content: { 'application/json': { schema: { type: 'array', items: ref(schema) } } } }
}

const DONE = { 204: { description: 'Done' } } as const

type Texts = Pick<ExtensionOperation, 'operationId' | 'summary' | 'description' | 'gives'>

function operation<const Right extends RequiredRight>(right: Right, texts: Texts) {
  const refuses = ['BadRequest', 'Unauthorized', 'Forbidden', 'NotFound', 'Internal'] as const
  return { right, tag: 'Security', refuses, ...texts } as const
}

const parameter = (description: string) => ({ ...documentText(description), parse: singleValue })

export const sessionEndpoint = {
  path: '/security/session',
  below: 'hub',
  get: operation('PUBLIC', {
    operationId: 'GetCaller',
    summary: 'Who am I?',
    description: 'The caller as the hub knows it, with its claims.',
    gives: { 200: given('The caller', 'CallerDescription') }
  }),
  post: {
    ...operation('PUBLIC', {
      operationId: 'OpenSession',
      summary: 'Sign in',
      description:
        'Sets a session cookie. Unsafe methods then need the `csrfToken` in the header X-CSRF-Token. The session ends after 30 minutes without use, and after 12 hours.',
      gives: { 200: given('The caller', 'CallerDescription') }
    }),
    refuses: BODY_REFUSALS,
    takes: taken('Login', 'A user of the hub', { user: 'kim', password: PASSWORD })
  },
  delete: operation('PUBLIC', {
    operationId: 'CloseSession',
    summary: 'Sign out',
    description: 'Ends the session of the cookie.',
    gives: DONE
  })
} as const satisfies ExtensionEndpoint

export const passwordEndpoint = {
  path: '/security/password',
  below: 'hub',
  post: {
    ...operation('PUBLIC', {
      operationId: 'ChangePassword',
      summary: 'Change one’s own password',
      description: 'Needs the current password. Ends all sessions of the user.',
      gives: DONE
    }),
    refuses: BODY_REFUSALS,
    takes: taken('PasswordChange', 'A longer password', {
      ...{ user: 'kim', current: PASSWORD, password: 'correct horse battery staple' }
    })
  }
} as const satisfies ExtensionEndpoint

export const usersEndpoint = {
  path: '/security/users',
  below: 'hub',
  get: operation('READ', {
    operationId: 'GetUsers',
    summary: 'The users of the hub itself',
    description: 'Without their passwords.',
    gives: { 200: listed('The users', 'User') }
  }),
  post: {
    ...operation('CREATE', {
      operationId: 'CreateUser',
      summary: 'Create a user',
      description:
        'A password has 12 characters or more. On a hub without any user or key this has to be an administrator; from then on callers have to authenticate.',
      gives: { 201: given('The user', 'User') }
    }),
    refuses: BODY_REFUSALS,
    takes: taken('NewUser', 'An administrator', {
      ...{ name: 'kim', password: PASSWORD, claims: { role: 'administrator' } }
    })
  },
  delete: {
    ...operation('DELETE', {
      operationId: 'DeleteUser',
      summary: 'Delete a user',
      description: 'Ends all its sessions.',
      gives: DONE
    }),
    query: { name: parameter('Name of the user') }
  }
} as const satisfies ExtensionEndpoint

export const userChangeEndpoint = {
  path: '/security/users/change',
  below: 'hub',
  post: {
    ...operation('UPDATE', {
      operationId: 'ChangeUser',
      summary: 'Change the claims or the password of a user, or disable it',
      description: 'Counts at once, also for sessions that are open; a new password ends them.',
      gives: { 200: given('The user', 'User') }
    }),
    refuses: BODY_REFUSALS,
    takes: taken('UserChange', 'A further role', { name: 'kim', claims: { role: ['administrator', 'auditor'] } })
  }
} as const satisfies ExtensionEndpoint

export const keysEndpoint = {
  path: '/security/keys',
  below: 'hub',
  get: operation('READ', {
    operationId: 'GetKeys',
    summary: 'The API keys',
    description: 'Without their secrets, which are not stored.',
    gives: { 200: listed('The keys', 'ApiKey') }
  }),
  post: {
    ...operation('CREATE', {
      operationId: 'CreateKey',
      summary: 'Create an API key',
      description:
        '`push` and `read` are ids of submodels that the key may push samples to, or read. The key is shown once.',
      gives: { 201: given('The key', 'ShownApiKey') }
    }),
    refuses: BODY_REFUSALS,
    takes: taken('NewApiKey', 'The key of a gateway', {
      ...{ name: 'line-1', claims: { role: 'gateway' }, expires: '2099-12-31T00:00:00Z' }
    })
  },
  delete: {
    ...operation('DELETE', {
      operationId: 'RevokeKey',
      summary: 'Revoke an API key',
      description: 'At once, also on open connections; on other hubs over the same database within a second.',
      gives: DONE
    }),
    query: { id: parameter('Id of the key') }
  }
} as const satisfies ExtensionEndpoint

export const keyRotationEndpoint = {
  path: '/security/keys/rotate',
  below: 'hub',
  post: {
    ...operation('UPDATE', {
      operationId: 'RotateKey',
      summary: 'Give an API key a new secret',
      description: 'The earlier one stays valid for the grace time, by default an hour.',
      gives: { 200: given('The key', 'ShownApiKey') }
    }),
    refuses: BODY_REFUSALS,
    takes: taken('ApiKeyRotation', 'An hour of grace', { id: 'abcdefghijkl', grace: 'PT1H' })
  }
} as const satisfies ExtensionEndpoint

export const securityEndpoints: readonly ExtensionEndpoint[] = [
  sessionEndpoint,
  passwordEndpoint,
  usersEndpoint,
  userChangeEndpoint,
  keysEndpoint,
  keyRotationEndpoint
]
