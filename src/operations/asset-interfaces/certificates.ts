/** Certificates by which the hub and the servers of machines (OPC UA) know each other. */

export type Trust = 'own' | 'trusted' | 'rejected'

export interface CertificateEntry {
  /** SHA-1 in hexadecimal, as OPC UA tools show it. */
  readonly thumbprint: string
  readonly trust: Trust
  readonly subject: string
  readonly issuer: string
  /** Of the application: the URI among the alternative names. */
  readonly applicationUri?: string
  /** Milliseconds since 1970. */
  readonly validFrom: number
  readonly validTo: number
  /** Does it sign others? Trusting it trusts those. */
  readonly isAuthority: boolean
}

/** Changes count from the next attempt to connect on. */
export interface Certificates {
  list(): Promise<readonly CertificateEntry[]>
  /** As PEM; undefined before the first one was made. */
  own(): Promise<{ readonly certificate: string } | undefined>
  /** Makes a new key and certificate, which servers have to trust again. */
  renew(): Promise<void>
  /** @param file content of a file, as PEM or DER. @throws Error where it is no certificate */
  add(file: Buffer, trust: Exclude<Trust, 'own'>): Promise<CertificateEntry>
  /** Trusts a rejected certificate, or rejects a trusted one. @returns undefined where there is none of this thumbprint */
  move(thumbprint: string, to: Exclude<Trust, 'own'>): Promise<CertificateEntry | undefined>
  /** @returns false where there is none of this thumbprint */
  remove(thumbprint: string): Promise<boolean>
}
