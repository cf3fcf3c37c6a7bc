/** `certificates`: those of the OPC UA client; a running hub sees every change at its next attempt to connect. */
import { readFile } from 'node:fs/promises'
import { type CertificateEntry, CertificateStore } from '../collectors/opcua/certificate-store.ts'
import { HubError } from '../errors.ts'

/** @returns lines to print. @throws HubError `NotFound`, `BadRequest` */
export async function certificates(directory: string, words: readonly string[], asJson: boolean): Promise<string> {
  const [action = 'list', name] = words
  const store = new CertificateStore(directory)
  switch (action) {
    case 'list': {
      const all = await store.list()
      return asJson ? JSON.stringify(all, null, 2) : table(all)
    }
    case 'create':
      if ((await store.own()) !== undefined) {
        throw new HubError('BadRequest', ['There is a certificate already; "certificates renew" replaces it'])
      }
      return renew(directory, store)
    case 'renew':
      return renew(directory, store)
    case 'show': {
      const own = await store.own()
      if (own === undefined)
        throw new HubError('BadRequest', ['There is none yet; make one with "certificates create"'])
      return own.certificate.trim()
    }
    case 'trust':
    case 'reject':
      return moved(store, name, action === 'trust' ? 'trusted' : 'rejected')
    case 'remove':
      if (name === undefined || !(await store.remove(name))) throw unknown(name)
      return `Removed ${name}`
    default:
      throw new HubError('BadRequest', [`"${action}" is none of list, create, renew, show, trust, reject, remove`])
  }
}

/** @param name a thumbprint of the list, or a file */
async function moved(store: CertificateStore, name: string | undefined, to: 'trusted' | 'rejected'): Promise<string> {
  if (name === undefined) throw unknown(name)
  const isThumbprint = /^[0-9a-f]{2}(?:[:\s]?[0-9a-f]{2}){19}$/i.test(name)
  const entry = isThumbprint ? await store.move(name, to) : await added(store, name, to)
  if (entry === undefined) throw unknown(name)
  return `${to === 'trusted' ? 'Trusted' : 'Rejected'}: ${entry.subject}, ${entry.thumbprint}`
}

async function added(store: CertificateStore, file: string, to: 'trusted' | 'rejected'): Promise<CertificateEntry> {
  const content = await readFile(file)
  return store.add(content, to).catch(() => {
    throw new HubError('BadRequest', [`${file} is no certificate (PEM or DER)`])
  })
}

async function renew(directory: string, store: CertificateStore): Promise<string> {
  const { renewOwnCertificate } = await import('../collectors/opcua/thread/own-certificate.ts')
  await renewOwnCertificate(directory)
  const own = (await store.list()).find(({ trust }) => trust === 'own')
  return `Made a certificate, thumbprint ${own?.thumbprint}, valid until ${day(own?.validTo ?? 0)}; let the servers trust it`
}

function table(all: readonly CertificateEntry[]): string {
  if (all.length === 0) return 'There are no certificates yet'
  return all
    .map(({ trust, thumbprint, validTo, subject, isAuthority }) =>
      [trust.padEnd(8), thumbprint, `until ${day(validTo)}`, `${subject}${isAuthority ? ' (authority)' : ''}`].join(
        '  '
      )
    )
    .join('\n')
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

function unknown(name: string | undefined): HubError {
  return new HubError('BadRequest', [
    name === undefined
      ? 'Name a thumbprint of "certificates list", or a file'
      : `There is no certificate ${name} in "certificates list"`
  ])
}
