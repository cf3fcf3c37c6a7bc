/** The stored certificates, with what makes the hub's own and what follows from a change. */
import type { Certificates } from '../../operations/asset-interfaces/certificates.ts'
import { CertificateStore } from '../../operations/opcua-certificates/certificate-store.ts'

export interface CertificateActions {
  /** Makes the hub's own; only that needs the OPC UA library. */
  readonly renew: (directory: string) => Promise<unknown>
  /** More is trusted than before. */
  readonly trusted?: () => void
}

export function managedCertificates(
  directory: string,
  { renew, trusted = () => {} }: CertificateActions
): Certificates {
  const store = new CertificateStore(directory)
  return {
    list: () => store.list(),
    own: () => store.own(),
    remove: (thumbprint) => store.remove(thumbprint),
    async renew() {
      await renew(directory)
    },
    async add(file, trust) {
      const entry = await store.add(file, trust)
      if (trust === 'trusted') trusted()
      return entry
    },
    async move(thumbprint, to) {
      const entry = await store.move(thumbprint, to)
      if (entry !== undefined && to === 'trusted') trusted()
      return entry
    }
  }
}
