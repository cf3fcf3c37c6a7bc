/**
 * The signature of a report: a JWS with detached, unencoded payload (RFC 7515, appendix F; RFC 7797), which is the
 * canonical JSON (RFC 8785) of the report without its member `signature`. Its header has the public key, so that a reader
 * without the hub sees that nothing was changed; whose key it is, only a key from elsewhere says.
 */
import type { KeyObject } from 'node:crypto'
import type { JWK } from 'jose'
import { HubError } from '../../../errors.ts'
import { TimeSlice } from '../../../time-slice.ts'
import type { ComplianceReport } from '../report.ts'
import { canonicalInSlices } from './canonical.ts'

export interface SignedReport extends ComplianceReport {
  /** Header and signature of a compact JWS, with nothing between the two dots. */
  readonly signature: string
}

export interface SigningKey {
  /** Its thumbprint (RFC 7638, SHA-256). */
  readonly id: string
  readonly algorithm: SignatureAlgorithm
  /** For `crypto`; it never leaves the process. */
  readonly privateKey: KeyObject
  readonly publicKey: PublicKey
}

/** As in a JWK Set. */
export interface PublicKey extends JWK {
  readonly kid: string
  readonly alg: SignatureAlgorithm
  readonly use: 'sig'
}

const algorithms = ['EdDSA', 'ES256', 'ES384', 'PS256'] as const
export type SignatureAlgorithm = (typeof algorithms)[number]

/** What a signature shows by itself. */
export interface CheckedSignature {
  /** Thumbprint of the key that it was made with. */
  readonly keyId: string
  readonly report: ComplianceReport
}

const FORMAT: ComplianceReport['format'] = 'https://aas-hub.dev/compliance-report'

/** @returns the signed report as canonical JSON */
export async function signReport(report: ComplianceReport, key: SigningKey): Promise<string> {
  const { FlattenedSign } = await import('jose')
  const slice = new TimeSlice()
  const jws = await new FlattenedSign(Buffer.from(await canonicalInSlices(report, slice)))
    .setProtectedHeader({ alg: key.algorithm, kid: key.id, jwk: bare(key.publicKey), b64: false, crit: ['b64'] })
    .sign(key.privateKey)
  const signed: SignedReport = { ...report, signature: `${jws.protected}..${jws.signature}` }
  return canonicalInSlices(signed, slice)
}

/**
 * Reads a report, and checks that nothing of it was changed since it was signed.
 * @throws HubError `BadRequest` with one sentence: it is no report, it is not signed, or something was changed
 */
export async function checkReport(text: string): Promise<CheckedSignature> {
  const { signature, ...report } = parseReport(text)
  const [, header = '', value = ''] = /^([\w-]+)\.\.([\w-]+)$/.exec(signature ?? '') ?? []
  if (header === '') throw new HubError('BadRequest', ['The report is not signed'])
  const { EmbeddedJWK, calculateJwkThumbprint, flattenedVerify } = await import('jose')
  const payload = Buffer.from(await canonicalInSlices(report, new TimeSlice()))
  const verified = await flattenedVerify({ protected: header, signature: value, payload }, EmbeddedJWK, {
    algorithms: [...algorithms]
  }).catch(() => {
    throw new HubError('BadRequest', ['The report was changed after it was signed, or its signature was'])
  })
  const { jwk } = verified.protectedHeader ?? {}
  return { keyId: await calculateJwkThumbprint(jwk as JWK), report }
}

/** @throws HubError `BadRequest` */
export function parseReport(text: string): ComplianceReport & Partial<SignedReport> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new HubError('BadRequest', ['It is no compliance report, as it is no JSON'])
  }
  const { format, formatVersion, sections } = Object(value) as Partial<ComplianceReport>
  if (format !== FORMAT || !Array.isArray(sections))
    throw new HubError('BadRequest', [`It is no compliance report: its member "format" is not ${FORMAT}`])
  if (formatVersion !== 1)
    throw new HubError('BadRequest', [`It is a report in version ${formatVersion} of the format; this hub knows 1`])
  return value as ComplianceReport & Partial<SignedReport>
}

/** What identifies a key, without what a JWK Set says of its use. */
function bare({ kid: _kid, alg: _alg, use: _use, ...jwk }: PublicKey): JWK {
  return jwk
}
