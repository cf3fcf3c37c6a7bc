/** HTTPS in this process: certificate, key and the CAs of clients, read again when their files change. */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Server } from 'node:https'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import { type Config, ConfigError } from '../config/config.ts'

/** Files are looked at this often: notifications of the file system do not reach network drives and containers. */
const FILE_INTERVAL_MS = 2000
const HANDSHAKE_TIMEOUT_MS = 10_000

type TlsConfig = Pick<Config, 'TLS_CERT' | 'TLS_KEY' | 'TLS_CLIENT_CA'>

export interface TlsFiles extends SecureContextOptions {
  readonly cert: Buffer
  readonly key: Buffer
  readonly ca?: Buffer
}

/** @returns undefined where no certificate is configured @throws ConfigError naming the file that is wrong */
export function readTls({ TLS_CERT, TLS_KEY, TLS_CLIENT_CA }: TlsConfig): TlsFiles | undefined {
  if (TLS_CERT === '' && TLS_KEY === '' && TLS_CLIENT_CA === '') return undefined
  if (TLS_CERT === '' || TLS_KEY === '') throw new ConfigError(['TLS_CERT and TLS_KEY are needed together'])
  const [cert, key] = [read('TLS_CERT', TLS_CERT), read('TLS_KEY', TLS_KEY)]
  const ca = TLS_CLIENT_CA === '' ? undefined : read('TLS_CLIENT_CA', TLS_CLIENT_CA)
  const certificate = attempt(`TLS_CERT: ${TLS_CERT} is no certificate (PEM)`, () => new X509Certificate(cert))
  const privateKey = attempt(`TLS_KEY: ${TLS_KEY} is no private key (PEM) without passphrase`, () =>
    createPrivateKey(key)
  )
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new ConfigError([`TLS_KEY: ${TLS_KEY} is not the key of the first certificate in ${TLS_CERT}`])
  }
  if (ca !== undefined)
    attempt(`TLS_CLIENT_CA: ${TLS_CLIENT_CA} is no certificate (PEM)`, () => new X509Certificate(ca))
  const files = { cert, key, ...(ca && { ca }) }
  attempt('TLS_CERT, TLS_KEY: they cannot be used', () => createSecureContext(files))
  return files
}

/** For the server: clients may show a certificate, and whether it is trusted is decided per request. */
export function serverOptions(files: TlsFiles) {
  const asks = files.ca === undefined ? {} : { requestCert: true, rejectUnauthorized: false }
  return { ...files, ...asks, minVersion: 'TLSv1.2', handshakeTimeout: HANDSHAKE_TIMEOUT_MS } as const
}

/** Takes over changed files for new connections; files that are wrong leave the last good ones in use. @returns stops it */
export function watchTls(
  server: Server,
  config: TlsConfig,
  { clock, log }: { readonly clock: Clock; readonly log: Pick<FastifyBaseLogger, 'info' | 'error'> }
): () => Promise<void> {
  const names = [config.TLS_CERT, config.TLS_KEY, config.TLS_CLIENT_CA].filter((name) => name !== '')
  let used = fingerprintOf(names)
  let seen = used
  const stop = clock.every(FILE_INTERVAL_MS, () => {
    const found = fingerprintOf(names)
    const isSettled = found === seen
    seen = found
    // Certificate and key are replaced one after the other.
    if (!isSettled || found === used) return
    used = found
    try {
      const files = readTls(config)
      if (files === undefined) return
      server.setSecureContext(serverOptions(files))
      log.info({ validTo: new X509Certificate(files.cert).validTo }, 'New TLS certificate in use')
    } catch (error) {
      log.error(`New TLS files are not used; the earlier ones stay: ${(error as Error).message}`)
    }
  })
  return async () => stop()
}

/** Of their contents; '' for a file that cannot be read. */
function fingerprintOf(names: readonly string[]): string {
  const hash = createHash('sha256')
  for (const name of names) {
    try {
      hash.update(readFileSync(name))
    } catch {
      hash.update('absent')
    }
    hash.update('\0')
  }
  return hash.digest('hex')
}

function read(setting: string, file: string): Buffer {
  return attempt(`${setting}: ${file} cannot be read`, () => readFileSync(file))
}

/** The reason of OpenSSL is no help, and may quote the file. */
function attempt<Result>(problem: string, work: () => Result): Result {
  try {
    return work()
  } catch {
    throw new ConfigError([problem])
  }
}
