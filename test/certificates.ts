/** Certificates for tests, made by OpenSSL. */
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Why tests that need certificates are skipped; false where they run, as in CI. */
export const withoutOpenSsl = process.env.CI !== 'true' && isMissing() && 'openssl is not installed'

export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

export class CertificateAuthority {
  readonly #folder: string
  readonly files: CertificateFiles
  #serial = 1

  constructor(folder: string, name: string) {
    this.#folder = folder
    this.files = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) }
    openSsl(
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', `/CN=${name}`, '-keyout', this.files.key, '-out', this.files.cert]
    )
  }

  /** @param subject e.g. `/O=Plant/CN=line-1` */
  issue(name: string, subject: string): CertificateFiles {
    const at = (ending: string) => join(this.#folder, `${name}.${ending}`)
    openSsl(
      ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-subj', subject, '-keyout', at('key'), '-out', at('csr')]
    )
    writeFileSync(at('ext'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n')
    openSsl(
      ...['x509', '-req', '-in', at('csr'), '-CA', this.files.cert, '-CAkey', this.files.key, '-days', '1'],
      ...['-set_serial', String(this.#serial++), '-extfile', at('ext'), '-out', at('pem')]
    )
    return { cert: at('pem'), key: at('key') }
  }

  /** Lists what the authority has revoked. @param times absent: for a day from now on @returns the file */
  revoke(name: string, revoked: readonly CertificateFiles[], times?: CrlTimes): string {
    const at = (ending: string) => join(this.#folder, `${name}.${ending}`)
    const lines = revoked.map(({ cert }) => {
      const { serialNumber } = new X509Certificate(readFileSync(cert))
      return `R\t400101000000Z\t250101000000Z\t${serialNumber}\tunknown\t/CN=revoked\n`
    })
    writeFileSync(at('index'), lines.join(''))
    writeFileSync(at('config'), `[ca]\ndefault_ca=own\n[own]\ndatabase=${at('index')}\ndefault_md=sha256\n`)
    openSsl(
      ...['ca', '-gencrl', '-config', at('config'), '-cert', this.files.cert, '-keyfile', this.files.key],
      ...(times === undefined
        ? ['-crldays', '1']
        : ['-crl_lastupdate', times.lastUpdate, '-crl_nextupdate', times.nextUpdate]),
      ...['-out', at('crl')]
    )
    return at('crl')
  }
}

/** Times of a list of revoked certificates, as OpenSSL writes them: `20300101000000Z`. */
export interface CrlTimes {
  readonly lastUpdate: string
  readonly nextUpdate: string
}

function isMissing(): boolean {
  try {
    openSsl('version')
    return false
  } catch {
    return true
  }
}

function openSsl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
