/** JSON Schemas of `/security/…`. */
import type { JsonSchema } from '../../formats/json-schema.ts'
import { flag, list, object, text, whole } from './sample-schemas.ts'

const time = { type: 'string', format: 'date-time' }
const claims = {
  type: 'object',
  description: 'Texts, numbers, booleans and lists of these; `role` names the built-in roles'
}
const ids = { ...list(text), description: 'Ids of submodels' }

const keyMembers = { id: text, name: text, claims, created: time, expires: time, secrets: whole }
const userMembers = { name: text, claims, created: time, passwordChanged: time, disabled: { const: true } }

export const securitySchemas: Readonly<Record<string, JsonSchema>> = {
  Login: { title: 'Login', ...object({ user: text, password: text }, ['user', 'password']) },
  CallerDescription: {
    title: 'CallerDescription',
    ...object(
      {
        name: text,
        authentication: {
          enum: ['open', 'none', 'token', 'key', 'password', 'session', 'certificate'],
          description: '`open`: the hub has no users, keys or issuers, and everything is allowed'
        },
        claims,
        expires: time,
        csrfToken: { ...text, description: 'For the header X-CSRF-Token of unsafe methods' },
        mayUpload: { ...flag, description: 'May any document be created or replaced by uploading a file?' }
      },
      ['name', 'authentication']
    )
  },
  PasswordChange: {
    title: 'PasswordChange',
    ...object({ user: text, current: text, password: text }, ['user', 'current', 'password'])
  },
  ApiKey: { title: 'ApiKey', ...object(keyMembers, ['id', 'name', 'claims', 'created', 'secrets']) },
  ShownApiKey: {
    title: 'ShownApiKey',
    ...object({ ...keyMembers, key: { ...text, description: 'The key itself; it cannot be shown again' } }, [
      'id',
      'key'
    ])
  },
  NewApiKey: {
    title: 'NewApiKey',
    ...object({ name: text, claims, push: ids, read: ids, expires: time }, ['name'])
  },
  ApiKeyRotation: {
    title: 'ApiKeyRotation',
    ...object(
      { id: text, grace: { ...text, description: 'How long the earlier secret stays valid (ISO 8601), e.g. PT1H' } },
      ['id']
    )
  },
  User: { title: 'User', ...object(userMembers, ['name', 'claims', 'created']) },
  NewUser: { title: 'NewUser', ...object({ name: text, password: text, claims }, ['name', 'password', 'claims']) },
  UserChange: {
    title: 'UserChange',
    ...object({ name: text, claims, password: text, disabled: { type: 'boolean' } }, ['name'])
  }
}
