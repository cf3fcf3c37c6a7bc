/** Whatever is shown as a credential: a caller that is known, or one sentence; never more, and never an open hub. */
import fc from 'fast-check'
import t from 'tap'
import { HubError } from '../../../src/errors.ts'
import type { Caller } from '../../../src/security/caller.ts'
import { parseCertificateRules } from '../../../src/security/identity/certificates.ts'
import { type Credentials, parseAuthorization } from '../../../src/security/identity/credentials.ts'
import { parseTrustList } from '../../../src/security/identity/trust-list.ts'
import { openIdentity } from './fixture.ts'

const REFUSALS = ['Unauthorized', 'Forbidden', 'TooManyRequests']

const issuers = parseTrustList(JSON.stringify([{ issuer: 'https://issuer.invalid', jwksUri: 'http://127.0.0.1:1/' }]))

/** A text with some characters replaced, inserted or left out. */
function mutated(text: string): fc.Arbitrary<string> {
  return fc
    .array(fc.tuple(fc.nat(text.length), fc.nat(3), fc.string({ maxLength: 3 })), { minLength: 1, maxLength: 4 })
    .map((edits) => edits.reduce((now, [at, drop, insert]) => now.slice(0, at) + insert + now.slice(at + drop), text))
}

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const jwt = `${base64({ alg: 'RS256', kid: 'a' })}.${base64({ iss: 'https://other.invalid', sub: 'a' })}.c2ln`

t.test('mutated tokens, keys, passwords and cookies are refused', async (t) => {
  const { identity } = await openIdentity(t, { issuers })
  const { key } = await identity.keys.create({ name: 'line-1', claims: { role: 'gateway' } })
  await identity.users.create({ name: 'kim', password: 'correct horse battery', claims: { role: 'administrator' } })
  const { session } = await identity.sessions.open('kim', 'correct horse battery', undefined)
  const attempt = async (shown: () => Credentials): Promise<Caller | HubError> => {
    try {
      return await identity.identify(shown(), '10.0.0.1')
    } catch (error) {
      if (error instanceof HubError) return error
      throw error
    }
  }
  const isRefused = (outcome: Caller | HubError) =>
    outcome instanceof HubError ? REFUSALS.includes(outcome.name) : outcome.authentication === 'none'

  await fc.assert(
    fc.asyncProperty(
      fc.oneof(mutated(key), mutated(jwt), fc.string(), fc.string({ unit: 'binary' })),
      async (token) => {
        if (token === key) return
        for (const header of [`Bearer ${token}`, `Token ${token}`, `Basic ${token}`, token]) {
          const outcome = await attempt(() => parseAuthorization(header))
          if (!isRefused(outcome)) throw new Error(`${JSON.stringify(header)} is ${JSON.stringify(outcome)}`)
          if (outcome instanceof HubError && token.length > 20 && outcome.message.includes(token))
            throw new Error('shown')
        }
      }
    ),
    { numRuns: 300 }
  )
  await fc.assert(
    fc.asyncProperty(fc.oneof(mutated(session), fc.string()), fc.option(fc.string()), async (cookie, csrf) => {
      if (cookie === session) return
      const outcome = await attempt(() => ({ is: 'session', session: cookie, ...(csrf !== null && { csrf }) }))
      if (!isRefused(outcome)) throw new Error(`the cookie ${JSON.stringify(cookie)} is ${JSON.stringify(outcome)}`)
    }),
    { numRuns: 300 }
  )
  t.match(await identity.identify({ is: 'token', token: key }), { name: 'key:line-1' })
  t.match(await identity.identify({ is: 'session', session }), { name: 'user:kim' })
})

t.test('files of issuers and certificates are read, or refused in one line', async (t) => {
  const entry = fc.record(
    {
      issuer: fc.oneof(fc.webUrl(), fc.string(), fc.jsonValue()),
      audience: fc.oneof(fc.string(), fc.array(fc.string()), fc.jsonValue()),
      scopes: fc.oneof(fc.array(fc.string()), fc.jsonValue()),
      algorithms: fc.oneof(fc.subarray(['RS256', 'none', 'HS256']), fc.jsonValue()),
      claims: fc.oneof(fc.dictionary(fc.string(), fc.string()), fc.jsonValue()),
      claimMappings: fc.jsonValue(),
      subject: fc.oneof(fc.dictionary(fc.string(), fc.string()), fc.jsonValue())
    },
    { requiredKeys: [] }
  )
  const file = fc.oneof(
    fc.string(),
    fc.json(),
    fc.array(entry, { maxLength: 3 }).map((list) => JSON.stringify(list))
  )
  fc.assert(
    fc.property(file, (text) => {
      for (const parse of [parseTrustList, parseCertificateRules]) {
        try {
          parse(text)
        } catch (error) {
          if (error instanceof TypeError || !/^(\/|this is|a JSON)/.test((error as Error).message)) throw error
        }
      }
    }),
    { numRuns: 1000 }
  )
  t.pass()
})
