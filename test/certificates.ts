/** Certificates for tests, made by OpenSSL. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
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
