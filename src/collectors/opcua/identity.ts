/** The identity of a user from a secret. */
import { CollectorError } from '../connector.ts'
import type { UserIdentity } from './messages.ts'
import type { SecuritySettings } from './settings.ts'

/** @param secret content of the file of this name. @throws CollectorError where it is not of the expected form */
export async function identityFrom(
  { identity }: SecuritySettings,
  secret: (name: string) => Promise<string>
): Promise<UserIdentity> {
  if (identity === undefined) return { kind: 'anonymous' }
  const content = await secret(identity.secret)
  if (identity.kind === 'user') {
    const [, name, password] = /^([^:\n]+):(.*)$/s.exec(content) ?? []
    if (name === undefined || password === undefined) throw wrong(identity.secret, 'user:password')
    return { kind: 'user', name, password }
  }
  const certificate = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.exec(content)?.[0]
  const key = /-----BEGIN (?:RSA |EC )?PRIVATE KEY-----[\s\S]+?-----END (?:RSA |EC )?PRIVATE KEY-----/.exec(
    content
  )?.[0]
  if (certificate === undefined || key === undefined) throw wrong(identity.secret, 'a certificate and its key as PEM')
  return { kind: 'certificate', certificate, key }
}

function wrong(name: string, expected: string): CollectorError {
  return new CollectorError(`the secret ${name} does not hold ${expected}`, { isPermanent: true })
}
