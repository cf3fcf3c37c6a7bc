/** What callers may show, and are refused for. */
import { join } from 'node:path'
import type { Test } from 'tap'
import type { SettingName } from '../../src/config/config.ts'
import { startProvider } from '../identity-provider.ts'
import type { ManualClock } from '../manual-clock.ts'
import { testDirectory } from '../test-directory.ts'
import { clientOf, startGuarded } from './access-fixture.ts'

const HOUR_MS = 3_600_000

export const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` })

/** Credentials of administrators that were good and no longer are, or never were, at one hub; and what is still good. */
export async function refusedCredentials(
  t: Test,
  clock: ManualClock,
  settings: Partial<Record<SettingName, string>> = {}
) {
  const [provider, foreign] = [await startProvider(t, 'ES256'), await startProvider(t, 'ES256')]
  const trusted = testDirectory(t, { 'issuers.json': JSON.stringify([{ issuer: provider.url, audience: 'aas-hub' }]) })
  const all = { ISSUERS: join(trusted, 'issuers.json'), ...settings }
  const guarded = await startGuarded(t, { admin: { role: 'administrator' } }, undefined, all, { clock })
  const { hub, as, keys } = guarded
  const claims = { role: 'administrator' }
  const newKey = async (name: string, expires?: number) => {
    const body = { name, claims, ...(expires !== undefined && { expires: new Date(expires).toISOString() }) }
    const { status, json, text } = await as.admin.ask('POST', `${hub.url}/security/keys`, body)
    t.equal(status, 201, text)
    return json as { readonly id: string; readonly key: string }
  }
  const short = await newKey('short', clock.milliseconds() + HOUR_MS)
  const revoked = await newKey('revoked')
  const token = await provider.token(claims)
  for (const good of [short.key, revoked.key, token]) {
    const { status, text } = await clientOf(hub, bearer(good)).get('/shells')
    t.equal(status, 200, text)
  }
  clock.jump(HOUR_MS + 1000)
  t.equal((await as.admin.ask('DELETE', `${hub.url}/security/keys?id=${revoked.id}`)).status, 204)
  const lasting = await provider.token(claims, { expiresIn: 2 * 3600 })
  const [, payload = ''] = lasting.split('.')
  const unsigned = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url')
  const refused = {
    'an expired key': short.key,
    'a revoked key': revoked.key,
    'a key of another secret': `${keys.admin.slice(0, -6)}AAAAAA`,
    'an expired token': token,
    'a token of a foreign issuer': await foreign.token(claims, { expiresIn: 2 * 3600 }),
    'a token of a foreign issuer in the name of the trusted one': await foreign.token(
      { ...claims, iss: provider.url },
      { expiresIn: 2 * 3600 }
    ),
    'a token that is not signed': `${unsigned}.${payload}.`
  }
  return { ...guarded, refused, lasting }
}
