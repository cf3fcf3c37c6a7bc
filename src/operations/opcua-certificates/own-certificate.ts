/** The application certificate by which servers and clients of OPC UA know the hub. */
import { X509Certificate } from 'node:crypto'
import { hostname } from 'node:os'
import { crypto_utils } from 'node-opcua-client'
import { CertificateStore, type OwnCertificate } from './certificate-store.ts'

export const APPLICATION_NAME = 'AAS Hub'

const VALID_DAYS = 5 * 365

/** The stored one; made when it is first needed. */
export async function ownCertificate(directory: string): Promise<OwnCertificate> {
  const store = new CertificateStore(directory)
  return (await store.own()) ?? (await renewOwnCertificate(directory))
}

/** Makes a new key and a self-signed certificate, which servers and clients have to trust again. */
export async function renewOwnCertificate(directory: string): Promise<OwnCertificate> {
  const privateKey = await crypto_utils.generatePrivateKey(2048)
  const { cert } = await crypto_utils.createSelfSignedCertificate({
    privateKey,
    subject: `/CN=${APPLICATION_NAME}`,
    applicationUri: `urn:${hostname()}:aas-hub`,
    dns: [hostname()],
    validity: VALID_DAYS,
    notBefore: new Date(),
    purpose: crypto_utils.CertificatePurpose.ForApplication
  })
  const { privPem } = await crypto_utils.privateKeyToPEM(privateKey)
  const own = { certificate: cert, key: privPem }
  await new CertificateStore(directory).saveOwn(own)
  return own
}

/** The URI in a certificate, which the application has to call itself by (OPC 10000-4, 5.5.2). */
export function applicationUriOf(certificate: string): string | undefined {
  return /(?:^|, )URI:([^,]+)/.exec(new X509Certificate(certificate).subjectAltName ?? '')?.[1]
}
