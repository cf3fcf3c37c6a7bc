/** A real identity provider over HTTP, on loopback. */
import { OAuth2Server } from 'oauth2-mock-server'
import type { Test } from 'tap'

export interface IdentityProvider {
  readonly server: OAuth2Server
  readonly url: string
  token(claims?: Record<string, unknown>, options?: { kid?: string; expiresIn?: number }): Promise<string>
}

export async function startProvider(t: Test, algorithm = 'RS256'): Promise<IdentityProvider> {
  const server = new OAuth2Server()
  await server.issuer.keys.generate(algorithm, { kid: 'first' })
  await server.start(0, '127.0.0.1')
  t.teardown(() => server.stop().catch(() => {}))
  return {
    server,
    url: server.issuer.url ?? '',
    token: (claims = {}, { kid = 'first', expiresIn = 600 } = {}) =>
      server.issuer.buildToken({
        kid,
        expiresIn,
        scopesOrTransform: (_header, payload) => {
          Object.assign(payload, { sub: '4711', aud: 'aas-hub', ...claims })
        }
      })
  }
}
