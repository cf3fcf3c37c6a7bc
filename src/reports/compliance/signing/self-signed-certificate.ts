/**
 * A certificate (X.509, RFC 5280) of a key, signed by the key itself: it says which key it is, not whose. It follows from
 * the key alone, so it need not be stored, and it has no well-defined end (RFC 5280, 4.1.2.5).
 */
import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto'
import type { SignatureAlgorithm } from './signature.ts'

/** Signature algorithms as DER, and their hash. RSA: PKCS #1 v1.5, which every reader knows. */
const ALGORITHMS: Readonly<Record<SignatureAlgorithm, readonly [der: string, hash: string | null]>> = {
  EdDSA: ['300506032b6570', null],
  ES256: ['300a06082a8648ce3d040302', 'sha256'],
  ES384: ['300a06082a8648ce3d040303', 'sha384'],
  PS256: ['300d06092a864886f70d01010b0500', 'sha256']
}

/** @returns the certificate as DER */
export function selfSignedCertificate(privateKey: KeyObject, algorithm: SignatureAlgorithm, name: string): Buffer {
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  const [identifier, hash] = ALGORITHMS[algorithm]
  const signing = Buffer.from(identifier, 'hex')
  const commonName = sequence(Buffer.from('0603550403', 'hex'), der(UTF8_STRING, Buffer.from(name)))
  const holder = sequence(der(SET, commonName))
  const serial = createHash('sha256').update(publicKey).digest().subarray(0, 16)
  // Positive, and not zero at its beginning.
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40
  const validity = sequence(time('20200101000000Z'), time('99991231235959Z'))
  const version = Buffer.from('a003020102', 'hex')
  const content = sequence(version, der(INTEGER, serial), signing, holder, validity, holder, publicKey)
  const signature = sign(hash, content, privateKey)
  return sequence(content, signing, der(BIT_STRING, Buffer.concat([Buffer.of(0), signature])))
}

const [INTEGER, BIT_STRING, UTF8_STRING, GENERALIZED_TIME, SEQUENCE, SET] = [0x02, 0x03, 0x0c, 0x18, 0x30, 0x31]

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(SEQUENCE, Buffer.concat(parts))
}

/** Dates until 2049 have another form (RFC 5280, 4.1.2.5). */
function time(text: string): Buffer {
  return text < '2050' ? der(0x17, Buffer.from(text.slice(2))) : der(GENERALIZED_TIME, Buffer.from(text))
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content])
  const size = length < 0x100 ? Buffer.of(0x81, length) : Buffer.of(0x82, length >> 8, length & 0xff)
  return Buffer.concat([Buffer.of(tag), size, content])
}
