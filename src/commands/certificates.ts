/** `certificates`: those of the OPC UA client, in a folder or of a running hub. */
import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { managedCertificates } from '../collectors/opcua/managed-certificates.ts'
import { HubError } from '../errors.ts'
import type { CertificateEntry, Certificates } from '../operations/asset-interfaces/certificates.ts'
import { type HubAddress, hubAddressOf, requestHub } from './hub-request.ts'

/**
 * @param directory of the certificates, where the flags name no hub
 * @returns lines to print. @throws HubError `NotFound`, `BadRequest`
 */
export async function certificates(
  directory: string,
  [action = 'list', name]: readonly string[],
  flags: ReadonlyMap<string, string> = new Map()
): Promise<string> {
  const hub = await hubAddressOf(flags)
  const all = hub === undefined ? inDirectory(directory) : atHub(hub)
  switch (action) {
    case 'list': {
      const list = await all.list()
      return flags.has('json') ? JSON.stringify(list, null, 2) : table(list)
    }
    case 'create':
      if ((await all.own()) !== undefined) {
        throw new HubError('BadRequest', ['There is a certificate already; "certificates renew" replaces it'])
      }
      return renew(all)
    case 'renew':
      return renew(all)
    case 'show': {
      const own = await all.own()
      if (own === undefined)
        throw new HubError('BadRequest', ['There is none yet; make one with "certificates create"'])
      return own.certificate.trim()
    }
    case 'trust':
    case 'reject':
      return moved(all, name, action === 'trust' ? 'trusted' : 'rejected')
    case 'remove':
      if (name === undefined || !(await all.remove(name))) throw unknown(name)
      return `Removed ${name}`
    default:
      throw new HubError('BadRequest', [`"${action}" is none of list, create, renew, show, trust, reject, remove`])
  }
}

function inDirectory(directory: string): Certificates {
  return managedCertificates(directory, {
    renew: async (folder) => {
      const { renewOwnCertificate } = await import('../operations/opcua-certificates/own-certificate.ts')
      await renewOwnCertificate(folder)
    }
  })
}

/** As the hub lists it. */
interface ListedCertificate extends Omit<CertificateEntry, 'validFrom' | 'validTo'> {
  readonly validFrom: string
  readonly validTo: string
  readonly certificate?: string
}

function atHub(hub: HubAddress): Certificates {
  const list = async () =>
    ((await requestHub(hub, 'GET', '/certificates')) as { readonly result: readonly ListedCertificate[] }).result
  const act = async (thumbprint: string, action: string) => {
    const path = `/certificates/${thumbprint.replaceAll(/[:\s]/g, '').toLowerCase()}/${action}`
    return requestHub(hub, 'POST', path)
  }
  return {
    list: async () => (await list()).map(entryOf),
    async own() {
      const certificate = (await list()).find(({ trust }) => trust === 'own')?.certificate
      return certificate === undefined ? undefined : { certificate }
    },
    async renew() {
      await requestHub(hub, 'POST', '/certificates/renew')
    },
    async add(file, trust) {
      const certificate = new X509Certificate(file).toString()
      return entryOf((await requestHub(hub, 'POST', '/certificates', { certificate, trust })) as ListedCertificate)
    },
    async move(thumbprint, to) {
      return entryOf((await act(thumbprint, to === 'trusted' ? 'trust' : 'reject')) as ListedCertificate)
    },
    async remove(thumbprint) {
      await act(thumbprint, 'remove')
      return true
    }
  }
}

function entryOf({ certificate: _certificate, validFrom, validTo, ...entry }: ListedCertificate): CertificateEntry {
  return { ...entry, validFrom: Date.parse(validFrom), validTo: Date.parse(validTo) }
}

/** @param name a thumbprint of the list, or a file */
async function moved(all: Certificates, name: string | undefined, to: 'trusted' | 'rejected'): Promise<string> {
  if (name === undefined) throw unknown(name)
  const isThumbprint = /^[0-9a-f]{2}(?:[:\s]?[0-9a-f]{2}){19}$/i.test(name)
  const entry = isThumbprint ? await all.move(name, to) : await added(all, name, to)
  if (entry === undefined) throw unknown(name)
  return `${to === 'trusted' ? 'Trusted' : 'Rejected'}: ${entry.subject}, ${entry.thumbprint}`
}

async function added(all: Certificates, file: string, to: 'trusted' | 'rejected'): Promise<CertificateEntry> {
  const content = await readFile(file)
  return all.add(content, to).catch((error: Error) => {
    throw error instanceof HubError ? error : new HubError('BadRequest', [`${file} is no certificate (PEM or DER)`])
  })
}

async function renew(all: Certificates): Promise<string> {
  await all.renew()
  const own = (await all.list()).find(({ trust }) => trust === 'own')
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
