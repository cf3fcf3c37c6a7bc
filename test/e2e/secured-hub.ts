/** A hub with rules and the keys of some callers. */
import type { Test } from 'tap'
import type { SettingName } from '../../src/config/config.ts'
import type { ServerOptions } from '../../src/server.ts'
import { claim, eq, type Json, rule, str } from '../security/fixture.ts'
import { type Reply, type Running, start } from './harness.ts'

export interface SecuredHub {
  readonly hub: Running
  /** Of the administrator. */
  readonly headers: Readonly<Record<string, string>>
  /** As an administrator; paths below the root of the hub. */
  ask(method: string, path: string, body?: unknown): Promise<Reply>
  /** A new key. @param expires ISO 8601 */
  key(claims: Json, expires?: string): Promise<{ readonly id: string; readonly key: string }>
  /** Puts rules in force, beside that of the administrator. */
  apply(...rules: readonly Json[]): Promise<void>
}

export const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

const administration = rule({ rights: ['ALL'], formula: eq(claim('role'), str('administrator')) })

/** @param fill called while the hub is open */
export async function secured(
  t: Test,
  rules: readonly Json[],
  fill: (hub: Running) => Promise<void>,
  options: ServerOptions = {},
  settings: Partial<Record<SettingName, string>> = {}
): Promise<SecuredHub> {
  const hub = await start(t, { TEMPLATES: 'off', ...settings }, options)
  await fill(hub)
  const first = await hub.ask('POST', `${hub.url}/security/keys`, { name: 'admin', claims: { role: 'administrator' } })
  const headers = bearer(first.json.key)
  const ask: SecuredHub['ask'] = (method, path, body) => hub.ask(method, hub.url + path, body, headers)
  const apply: SecuredHub['apply'] = async (...next) => {
    const { json } = await ask('POST', '/security/access-rules', { rules: [administration, ...next] })
    const { status, text } = await ask('POST', `/security/access-rules/activate?version=${json.number}`)
    t.equal(status, 200, text)
  }
  await apply(...rules)
  let count = 0
  return {
    hub,
    headers,
    ask,
    apply,
    key: async (claims, expires) => {
      const { json } = await ask('POST', '/security/keys', { name: `k${count++}`, claims, ...(expires && { expires }) })
      return json
    }
  }
}
