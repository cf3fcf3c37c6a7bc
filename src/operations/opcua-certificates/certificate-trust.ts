/** The certificates that are trusted, in the form in which the library for OPC UA asks for them. Loads that library. */
import { crypto_utils, type OPCUAClientOptions, type StatusCode, StatusCodes } from 'node-opcua-client'
import type { Clock } from '../../clock.ts'
import type { CertificateStore } from './certificate-store.ts'

export type CertificateTrust = NonNullable<OPCUAClientOptions['clientCertificateManager']>

export interface TrustParts {
  readonly store: CertificateStore
  /** DER; the library looks at it as well. */
  readonly own: Buffer | undefined
  readonly clock: Pick<Clock, 'milliseconds'>
  /** Who presents the certificates. */
  readonly of: 'server' | 'client'
  /** Called with a sentence where one is refused. */
  readonly refused?: (problem: string) => void
}

export function certificateTrust({ store, own, clock, of, refused }: TrustParts): CertificateTrust {
  const check = async (certificate: Buffer | Buffer[]): Promise<StatusCode> => {
    const der = Array.isArray(certificate) ? certificate[0] : crypto_utils.split_der(certificate)[0]
    if (der !== undefined && own?.equals(der)) return StatusCodes.Good
    const problem =
      der === undefined ? `the ${of} presents no certificate` : await store.check(der, clock.milliseconds(), of)
    if (problem === undefined) return StatusCodes.Good
    refused?.(problem)
    return StatusCodes.BadCertificateUntrusted
  }
  return {
    referenceCounter: 0,
    initialize: async () => {},
    dispose: async () => {},
    // Some of its callers wait for the promise, others for the callback.
    checkCertificate: (async (certificate: Buffer | Buffer[], callback?: (error: null, status: StatusCode) => void) => {
      const status = await check(certificate)
      callback?.(null, status)
      return status
    }) as CertificateTrust['checkCertificate'],
    getTrustStatus: check,
    verifyCertificate: async (certificate: Buffer | Buffer[]) => (await check(certificate)).name,
    trustCertificate: async () => {},
    rejectCertificate: async () => {},
    addIssuer: async () => undefined,
    addRevocationList: async () => undefined
  }
}
