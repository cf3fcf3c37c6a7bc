/**
 * The certificates of OPC UA, as files in one directory: the hub's own, those of servers and clients that are trusted, and
 * those that were presented and are not. A certificate is named by its thumbprint (SHA-1 in hexadecimal, as OPC UA tools show it).
 * Loads nothing of OPC UA, and writes files as a whole, so that the command line and the hub may use it at the same time.
 */
import { X509Certificate } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CertificateEntry, Trust } from '../asset-interfaces/certificates.ts'

export interface OwnCertificate {
  readonly certificate: string
  readonly key: string
}

/** Of the rejected certificates the newest are kept, as any server can present one. */
const MAX_REJECTED = 100
const MAX_BYTES = 64 * 1024

export class CertificateStore {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  async list(): Promise<CertificateEntry[]> {
    const own = await this.own()
    const entries = own === undefined ? [] : [entryOf(new X509Certificate(own.certificate), 'own')]
    for (const trust of ['trusted', 'rejected'] as const) {
      for (const { certificate } of await this.#all(trust)) entries.push(entryOf(certificate, trust))
    }
    return entries
  }

  /** Undefined before the first one was made. */
  async own(): Promise<OwnCertificate | undefined> {
    const [certificate, key] = await Promise.all(
      ['own.pem', 'own.key.pem'].map((name) =>
        readFile(join(this.#directory, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') return undefined
          throw error
        })
      )
    )
    return certificate === undefined || key === undefined ? undefined : { certificate, key }
  }

  /** Where the own one is, once it was made. */
  get ownFiles(): OwnCertificate {
    return { certificate: join(this.#directory, 'own.pem'), key: join(this.#directory, 'own.key.pem') }
  }

  async saveOwn({ certificate, key }: OwnCertificate): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    await this.#write('own.key.pem', key)
    await this.#write('own.pem', certificate)
  }

  /** @param file content of a file, as PEM or DER. @throws Error where it is no certificate */
  async add(file: Buffer, trust: Exclude<Trust, 'own'>): Promise<CertificateEntry> {
    if (file.length > MAX_BYTES) throw new Error('it is too large for a certificate')
    const certificate = new X509Certificate(file)
    const thumbprint = thumbprintOf(certificate)
    await mkdir(join(this.#directory, trust), { recursive: true, mode: 0o700 })
    await this.#write(join(trust, `${thumbprint}.der`), certificate.raw)
    await rm(join(this.#directory, trust === 'trusted' ? 'rejected' : 'trusted', `${thumbprint}.der`), { force: true })
    if (trust === 'rejected') await this.#trimRejected()
    return entryOf(certificate, trust)
  }

  /** Trusts a rejected certificate, or rejects a trusted one. @returns undefined where there is none of this thumbprint */
  async move(thumbprint: string, to: Exclude<Trust, 'own'>): Promise<CertificateEntry | undefined> {
    const wanted = normalized(thumbprint)
    for (const trust of ['trusted', 'rejected'] as const) {
      const found = (await this.#all(trust)).find((one) => thumbprintOf(one.certificate) === wanted)
      if (found !== undefined) return this.add(found.certificate.raw, to)
    }
    return undefined
  }

  /** @returns false where there is none of this thumbprint */
  async remove(thumbprint: string): Promise<boolean> {
    const wanted = normalized(thumbprint)
    for (const trust of ['trusted', 'rejected'] as const) {
      const found = (await this.#all(trust)).find((one) => thumbprintOf(one.certificate) === wanted)
      if (found === undefined) continue
      await rm(join(this.#directory, trust, found.file), { force: true })
      return true
    }
    return false
  }

  /**
   * Is a certificate trusted, by itself or by its issuer, and valid now? Where it is not it is kept among the rejected ones.
   * @param of who presents it
   * @returns a sentence where it is not
   */
  async check(der: Buffer, now: number, of: 'server' | 'client' = 'server'): Promise<string | undefined> {
    let certificate: X509Certificate
    try {
      certificate = new X509Certificate(der)
    } catch {
      return `the ${of} presents something that is no certificate`
    }
    const thumbprint = thumbprintOf(certificate)
    const trusted = (await this.#all('trusted')).map((one) => one.certificate)
    const isTrusted =
      trusted.some((one) => thumbprintOf(one) === thumbprint) ||
      trusted.some((one) => one.ca && certificate.checkIssued(one) && certificate.verify(one.publicKey))
    const who = `the certificate of the ${of} (${firstOf(certificate.subject)}, thumbprint ${thumbprint})`
    if (!isTrusted) {
      await this.add(certificate.raw, 'rejected')
      return `${who} is not trusted; compare the thumbprint with that on the ${of === 'server' ? 'machine' : 'client'}, then: aas-hub certificates trust ${thumbprint}`
    }
    if (certificate.validToDate.getTime() < now) {
      return `${who} expired at ${certificate.validToDate.toISOString()}; the ${of} needs a new one`
    }
    return certificate.validFromDate.getTime() > now
      ? `${who} is not valid before ${certificate.validFromDate.toISOString()}; check the clocks`
      : undefined
  }

  async #all(trust: Exclude<Trust, 'own'>): Promise<{ certificate: X509Certificate; file: string }[]> {
    const folder = join(this.#directory, trust)
    const files = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    })
    const found: { certificate: X509Certificate; file: string }[] = []
    for (const file of files.filter((name) => /\.(?:der|pem|cer|crt)$/.test(name)).sort()) {
      try {
        found.push({ certificate: new X509Certificate(await readFile(join(folder, file))), file })
      } catch {
        // Operators put files here by hand; what is no certificate is not trusted either.
      }
    }
    return found
  }

  async #trimRejected(): Promise<void> {
    const folder = join(this.#directory, 'rejected')
    const files = await readdir(folder)
    if (files.length <= MAX_REJECTED) return
    const times = await Promise.all(
      files.map(async (file) => ({ file, time: (await stat(join(folder, file))).mtimeMs }))
    )
    times.sort((one, other) => other.time - one.time)
    for (const { file } of times.slice(MAX_REJECTED)) await rm(join(folder, file), { force: true })
  }

  async #write(name: string, content: string | Buffer): Promise<void> {
    const path = join(this.#directory, name)
    await writeFile(`${path}.new`, content, { mode: 0o600 })
    await rename(`${path}.new`, path)
  }
}

function thumbprintOf(certificate: X509Certificate): string {
  return normalized(certificate.fingerprint)
}

function normalized(thumbprint: string): string {
  return thumbprint.replaceAll(/[:\s]/g, '').toLowerCase()
}

function entryOf(certificate: X509Certificate, trust: Trust): CertificateEntry {
  const uri = /(?:^|, )URI:([^,]+)/.exec(certificate.subjectAltName ?? '')?.[1]
  return {
    ...{ thumbprint: thumbprintOf(certificate), trust },
    ...{ subject: oneLine(certificate.subject), issuer: oneLine(certificate.issuer) },
    ...(uri !== undefined && { applicationUri: uri }),
    validFrom: certificate.validFromDate.getTime(),
    validTo: certificate.validToDate.getTime(),
    isAuthority: certificate.ca
  }
}

function oneLine(name: string): string {
  return name.replaceAll('\n', ', ')
}

function firstOf(subject: string): string {
  return /CN=([^\n]+)/.exec(subject)?.[1] ?? oneLine(subject)
}
