/** HTTPS in this process: certificate, key, and the CAs of clients with the lists of what these have revoked. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Server } from 'node:https'
import { createSecureContext, type SecureContextOptions, type TLSSocket } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import { type Config, ConfigError } from '../config/config.ts'
import { distrustCertificate, isDistrusted } from '../transports/http/credentials.ts'

const HANDSHAKE_TIMEOUT_MS = 10_000

type TlsConfig = Pick<Config, 'TLS_CERT' | 'TLS_KEY' | 'TLS_CLIENT_CA' | 'TLS_CRL'>

export interface TlsFiles extends SecureContextOptions {
  readonly cert: Buffer
  readonly key: Buffer
  readonly ca?: Buffer
  /** Lists of revoked certificates, one for each CA. */
  readonly crl?: string[]
}

/** @returns undefined where no certificate is configured @throws ConfigError naming the file that is wrong */
export function readTls({ TLS_CERT, TLS_KEY, TLS_CLIENT_CA, TLS_CRL }: TlsConfig): TlsFiles | undefined {
  if (TLS_CRL !== '' && TLS_CLIENT_CA === '') throw new ConfigError(['TLS_CRL needs TLS_CLIENT_CA'])
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
  const crl = TLS_CRL === '' ? undefined : readRevocations(TLS_CRL)
  const files = { cert, key, ...(ca && { ca }), ...(crl && { crl }) }
  attempt('TLS_CERT, TLS_KEY: they cannot be used', () => createSecureContext(files))
  return files
}

/** OpenSSL reads the first list of each text. */
function readRevocations(file: string): string[] {
  const text = read('TLS_CRL', file).toString('latin1')
  const lists = text.match(/-----BEGIN X509 CRL-----[\s\S]+?-----END X509 CRL-----/g) ?? []
  const problem = `TLS_CRL: ${file} is no list of revoked certificates (PEM)`
  if (lists.length === 0) throw new ConfigError([problem])
  attempt(problem, () => createSecureContext({ crl: lists }))
  return lists
}

/** For the server: clients may show a certificate, and whether it is trusted is decided per request. */
export function serverOptions(files: TlsFiles) {
  const asks = files.ca === undefined ? {} : { requestCert: true, rejectUnauthorized: false }
  return { ...files, ...asks, minVersion: 'TLSv1.2', handshakeTimeout: HANDSHAKE_TIMEOUT_MS } as const
}

/** The HTTPS server, whose files can be replaced while it runs. */
export class TlsServer {
  readonly #server: Server
  readonly #config: TlsConfig
  #files: TlsFiles
  readonly #sockets = new Set<TLSSocket>()

  /** Call before requests come. */
  constructor(app: FastifyInstance, config: TlsConfig, files: TlsFiles) {
    this.#server = app.server as unknown as Server
    this.#config = config
    this.#files = files
    if (files.ca === undefined) return
    this.#server.on('secureConnection', (socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    // The client has to connect again, so that its certificate is verified again.
    app.addHook('onRequest', ({ raw: { socket } }, reply, done) => {
      if (isDistrusted(socket)) reply.header('connection', 'close')
      done()
    })
  }

  /**
   * Reads the files again, for new connections. Where the CAs or their lists of revoked certificates are others, clients
   * have to show their certificates again.
   * @throws ConfigError; then the earlier files stay in use
   */
  reload(): void {
    const files = readTls(this.#config)
    if (files === undefined) return
    this.#server.setSecureContext(serverOptions(files))
    const isSame = String(files.ca) === String(this.#files.ca) && String(files.crl) === String(this.#files.crl)
    this.#files = files
    if (isSame) return
    for (const socket of this.#sockets) distrustCertificate(socket)
    this.#server.closeIdleConnections()
  }
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
