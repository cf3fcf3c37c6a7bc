/** Callers by client certificate: a JSON list says which claims the subject of a certificate has. */
import { hasPieces } from '../../model/wildcard.ts'
import type { Caller } from '../caller.ts'
import { type ClientCertificate, unauthorized } from './credentials.ts'
import type { Claims } from './records.ts'

/** All members that are given must hold. */
export interface CertificateRule {
  /** Attributes of the subject; `*` stands for any characters. */
  readonly subject: Readonly<Record<string, string>>
  readonly fingerprint?: string
  readonly claims: Claims
}

/** @throws Error that names the place and what was expected */
export function parseCertificateRules(text: string): CertificateRule[] {
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    // Its message quotes the file, which may be another one, with a secret.
    throw new Error('this is not JSON')
  }
  if (!Array.isArray(list)) throw new Error('a JSON list of objects with "subject" and "claims" was expected')
  return list.map((entry: unknown, index) => {
    const { subject = {}, fingerprint, claims, ...others } = isObject(entry) ? entry : {}
    const unknown = Object.keys(others)[0]
    if (unknown !== undefined)
      throw new Error(`/${index}/${unknown}: not known; there are subject, fingerprint, claims`)
    if (!isObject(claims)) throw new Error(`/${index}/claims: an object was expected`)
    if (!isObject(subject) || Object.values(subject).some((one) => typeof one !== 'string')) {
      throw new Error(`/${index}/subject: an object such as { "CN": "line-*" } was expected`)
    }
    if (fingerprint !== undefined && !/^([0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}$/.test(String(fingerprint))) {
      throw new Error(`/${index}/fingerprint: a SHA-256 of 32 bytes, separated by colons, was expected`)
    }
    if (fingerprint === undefined && Object.keys(subject).length === 0) {
      throw new Error(`/${index}: a "subject" or a "fingerprint" was expected; without both, any certificate would fit`)
    }
    return {
      subject: subject as Record<string, string>,
      ...(fingerprint !== undefined && { fingerprint: String(fingerprint).toUpperCase() }),
      claims
    }
  })
}

/** The caller with a certificate; one that no rule fits has no claims but its name. @throws HubError `Unauthorized` */
export function callerOfCertificate(certificate: ClientCertificate, rules: readonly CertificateRule[]): Caller {
  const { problem, subject, expiresAt } = certificate
  if (problem !== undefined) throw unauthorized(problem)
  const name = `certificate:${nameOf(subject)}`
  const claims = rules.find((rule) => fits(rule, certificate))?.claims ?? {}
  return { subject: { claims: { ...claims, sub: name } }, name, authentication: 'certificate', expiresAt }
}

function fits(rule: CertificateRule, { subject, fingerprint }: ClientCertificate): boolean {
  if (rule.fingerprint !== undefined && rule.fingerprint !== fingerprint) return false
  return Object.entries(rule.subject).every(([attribute, pattern]) => {
    const values = [subject[attribute] ?? []].flat()
    return values.some((value) => hasPieces(value, pattern.split('*')))
  })
}

function nameOf(subject: ClientCertificate['subject']): string {
  const parts = Object.entries(subject).flatMap(([attribute, values]) => {
    return [values].flat().map((value) => `${attribute}=${value}`)
  })
  return parts.join(',').slice(0, 300)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
