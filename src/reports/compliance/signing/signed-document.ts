/**
 * A document as compact JWS (RFC 7515) with the document as its payload, as `$signed` of Part 2, release 3.2, returns it.
 * With an RSA key the algorithm is RS256, which that release asks for, otherwise that of the key.
 */
import { randomUUID } from 'node:crypto'
import { selfSignedCertificate } from './self-signed-certificate.ts'
import type { SigningKey } from './signature.ts'

/** @param bytes the JSON of the document @param now milliseconds since 1970 */
export async function signDocument(bytes: Uint8Array, key: SigningKey, now: number): Promise<string> {
  const { CompactSign } = await import('jose')
  const { privateKey, algorithm, id } = key
  const certificate = selfSignedCertificate(privateKey, algorithm, `AAS Hub ${id}`)
  return new CompactSign(bytes)
    .setProtectedHeader({
      alg: algorithm === 'PS256' ? 'RS256' : algorithm,
      typ: 'JWS',
      kid: id,
      x5c: [certificate.toString('base64')],
      sigT: new Date(now).toISOString(),
      sid: randomUUID()
    })
    .sign(privateKey)
}
