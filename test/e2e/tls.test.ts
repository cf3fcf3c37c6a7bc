/** HTTPS in process, and callers by client certificate. */
import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { CertificateAuthority, type CertificateFiles, withoutOpenSsl } from '../certificates.ts'
import { type ManualClock, manualClock } from '../manual-clock.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { type Running, start } from './harness.ts'

interface TlsReply {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** Name in the certificate of the hub. */
  readonly peer: string
}

interface Plant {
  readonly folder: string
  readonly ca: CertificateAuthority
  readonly hubFiles: CertificateFiles
}

function plantOf(t: Test): Plant {
  const folder = testDirectory(t)
  const ca = new CertificateAuthority(folder, 'plant-ca')
  return { folder, ca, hubFiles: ca.issue('hub', '/CN=hub') }
}

function ask(
  hub: Running,
  path: string,
  { ca }: Plant,
  client?: CertificateFiles,
  headers: Record<string, string> = {}
): Promise<TlsReply> {
  return new Promise((resolve, reject) => {
    const sent = request(hub.url + path, {
      ca: readFileSync(ca.files.cert),
      ...(client && { cert: readFileSync(client.cert), key: readFileSync(client.key) }),
      headers,
      agent: false
    })
    sent.on('error', reject)
    sent.on('response', async (response) => {
      const peer = String((response.socket as TLSSocket).getPeerCertificate().subject.CN)
      const text = (await response.setEncoding('utf8').toArray()).join('')
      resolve({ status: response.statusCode, headers: response.headers, text, peer })
    })
    sent.end()
  })
}

/** A connection that stays open. */
interface OpenTls {
  readonly session: Buffer
  readonly closed: Promise<void>
  ask(path: string): Promise<Pick<TlsReply, 'status' | 'headers' | 'text'>>
  /** Begins a query. @returns sends its body, and resolves with the reply */
  beginQuery(): () => Promise<Pick<TlsReply, 'status' | 'headers' | 'text'>>
}

async function openTls(hub: Running, plant: Plant, client: CertificateFiles, session?: Buffer): Promise<OpenTls> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const socket = connect({
    ...{ host: '127.0.0.1', port: Number(new URL(hub.url).port), ca: readFileSync(plant.ca.files.cert) },
    ...{ cert: readFileSync(client.cert), key: readFileSync(client.key) },
    ...(session !== undefined && { session })
  })
  agent.createConnection = () => socket
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const ticket = new Promise<Buffer>((resolve) => socket.once('session', resolve))
  const begin = (path: string, method = 'GET') => {
    const sent = request(hub.url + path, { agent, method, headers: { 'content-type': 'application/json' } })
    const reply = new Promise<Pick<TlsReply, 'status' | 'headers' | 'text'>>((resolve, reject) => {
      sent.on('error', reject)
      sent.on('response', async (response) => {
        const text = (await response.setEncoding('utf8').toArray()).join('')
        resolve({ status: response.statusCode, headers: response.headers, text })
      })
    })
    return { sent, reply }
  }
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
  return {
    session: await ticket,
    closed,
    ask: (path) => {
      const { sent, reply } = begin(path)
      sent.end()
      return reply
    },
    beginQuery: () => {
      const { sent, reply } = begin('/api/v3/query/shells', 'POST')
      sent.write(' ')
      return () => {
        sent.end('{ "$condition": { "$boolean": true } }')
        return reply
      }
    }
  }
}

/** Files are read beside the clock. */
function once(clock: ManualClock, isTrue: () => Promise<boolean>): Promise<void> {
  return until(async () => {
    await clock.advance(2000)
    return isTrue()
  })
}

t.test('the hub serves HTTPS and secure WebSockets', { skip: withoutOpenSsl }, async (t) => {
  const plant = plantOf(t)
  const hub = await start(t, { TLS_CERT: plant.hubFiles.cert, TLS_KEY: plant.hubFiles.key })
  t.match(hub.url, /^https:/)
  t.match(await ask(hub, '/healthz', plant), { status: 200, peer: 'hub' })
  t.match(await ask(hub, '/api/v3/shells', plant), { status: 200 })
  const socket = new WebSocket(`${hub.url.replace('https', 'wss')}/stream`, { ca: readFileSync(plant.ca.files.cert) })
  const [data] = await new Promise<[Buffer]>((resolve, reject) => {
    socket.once('message', (data: Buffer) => resolve([data]))
    socket.once('error', reject)
  })
  t.match(JSON.parse(data.toString()), { type: 'welcome' })
  socket.terminate()
  await t.rejects(fetch(hub.url.replace('https', 'http')), 'not over plain HTTP')
})

t.test('a session cookie is only sent over HTTPS', { skip: withoutOpenSsl }, async (t) => {
  const plant = plantOf(t)
  const hub = await start(t, { TLS_CERT: plant.hubFiles.cert, TLS_KEY: plant.hubFiles.key })
  const { headers } = await new Promise<{ headers: IncomingHttpHeaders }>((resolve, reject) => {
    const sent = request(`${hub.url}/security/session`, {
      ...{ method: 'DELETE', agent: false, ca: readFileSync(plant.ca.files.cert) }
    })
    sent.on('error', reject)
    sent.on('response', (response) => resolve(response.resume()))
    sent.end()
  })
  t.match(headers['set-cookie'], [/; Secure$/])
})

t.test(
  'changed certificates are used for new connections, and wrong ones are not',
  { skip: withoutOpenSsl },
  async (t) => {
    const plant = plantOf(t)
    const next = plant.ca.issue('next', '/CN=next')
    const used = { cert: join(plant.folder, 'used.pem'), key: join(plant.folder, 'used.key') }
    const install = (files: CertificateFiles) => {
      for (const kind of ['cert', 'key'] as const) {
        copyFileSync(files[kind], `${used[kind]}.new`)
        renameSync(`${used[kind]}.new`, used[kind])
      }
    }
    install(plant.hubFiles)
    const clock = manualClock()
    const hub = await start(t, { TLS_CERT: used.cert, TLS_KEY: used.key }, { clock })
    t.match(await ask(hub, '/healthz', plant), { peer: 'hub' })
    const refused = async (why: string) => {
      await once(clock, async () => /invalidFiles/.test((await ask(hub, '/readyz', plant)).text))
      t.match(await ask(hub, '/healthz', plant), { status: 200, peer: 'hub' }, why)
    }
    const taken = (peer: string) => once(clock, async () => (await ask(hub, '/healthz', plant)).peer === peer)
    writeFileSync(used.cert, 'no certificate')
    await refused('what is no certificate is not used')
    install(next)
    await taken('next')
    install(plant.hubFiles)
    await taken('hub')
    copyFileSync(next.cert, used.cert)
    await refused('a certificate without its key is not used')
    copyFileSync(next.key, used.key)
    await taken('next')
    t.notMatch((await ask(hub, '/readyz', plant)).text, 'invalidFiles')
  }
)

t.test('what an authority has revoked is refused, also on open connections', { skip: withoutOpenSsl }, async (t) => {
  const plant = plantOf(t)
  const { ca, hubFiles } = plant
  const [good, bad] = [ca.issue('good', '/CN=line-1'), ca.issue('bad', '/CN=line-2')]
  const list = join(plant.folder, 'used.crl')
  const rules = join(plant.folder, 'claims.json')
  const grant = (role: string) => writeFileSync(rules, JSON.stringify([{ subject: { CN: '*' }, claims: { role } }]))
  grant('operator')
  copyFileSync(ca.revoke('none', []), list)
  const clock = manualClock(Date.now())
  const hub = await start(
    t,
    {
      ...{ TLS_CERT: hubFiles.cert, TLS_KEY: hubFiles.key, TLS_CLIENT_CA: ca.files.cert },
      ...{ TLS_CRL: list, TLS_CLIENT_CLAIMS: rules }
    },
    { clock }
  )
  const session = (client: CertificateFiles) => ask(hub, '/security/session', plant, client)
  t.match(await session(bad), { status: 200, text: /"operator"/ })
  const [before, kept] = [await openTls(hub, plant, bad), await openTls(hub, plant, bad)]
  t.match(await before.ask('/security/session'), { status: 200 })
  const stream = new WebSocket(`${hub.url.replace('https', 'wss')}/stream`, {
    ...{ ca: readFileSync(ca.files.cert), cert: readFileSync(bad.cert), key: readFileSync(bad.key) }
  })
  const closed = new Promise<number>((resolve) => stream.once('close', resolve))
  await new Promise((resolve) => stream.once('message', resolve))

  grant('auditor')
  await once(clock, async () => /"auditor"/.test((await session(good)).text))

  const finish = kept.beginQuery()
  copyFileSync(ca.revoke('some', [bad]), list)
  await once(clock, async () => (await session(bad)).status === 401)
  t.match(await session(bad), { status: 401, text: /the client certificate was revoked/ })
  t.match(await session(good), { status: 200 })
  t.equal(await closed, 4401, 'streams are closed')
  await before.closed
  t.match(await finish(), { status: 200 }, 'a request that was accepted before is answered')
  t.match(
    await kept.ask('/security/session'),
    { status: 401, headers: { connection: 'close' }, text: /connect again/ },
    'the next one on the same connection is not'
  )
  const resumed = await openTls(hub, plant, bad, before.session)
  t.match(await resumed.ask('/security/session'), { status: 401 }, 'a resumed TLS session does not help')

  writeFileSync(list, 'S3CRET')
  await once(clock, async () => /invalidFiles":\["TLS"\]/.test((await ask(hub, '/readyz', plant)).text))
  t.strictSame([(await session(bad)).status, (await session(good)).status], [401, 200], 'the last good list stays')

  copyFileSync(ca.revoke('old', [], { lastUpdate: '20200101000000Z', nextUpdate: '20200201000000Z' }), list)
  await once(clock, async () => (await session(good)).status === 401)
  t.match(await session(good), { text: /has expired/ }, 'without a current list no certificate is trusted')
  copyFileSync(ca.revoke('again', []), list)
  await once(clock, async () => (await session(bad)).status === 200)
})

t.test('a client certificate is a caller with the claims of its subject', { skip: withoutOpenSsl }, async (t) => {
  const plant = plantOf(t)
  const stranger = new CertificateAuthority(plant.folder, 'stranger-ca')
  const rules = join(plant.folder, 'claims.json')
  writeFileSync(
    rules,
    JSON.stringify([
      { subject: { CN: 'line-*', O: 'Plant' }, claims: { role: 'gateway' } },
      { subject: { CN: 'line-*' }, claims: { role: 'auditor' } }
    ])
  )
  const { cert: TLS_CERT, key: TLS_KEY } = plant.hubFiles
  const hub = await start(t, { TLS_CERT, TLS_KEY, TLS_CLIENT_CA: plant.ca.files.cert, TLS_CLIENT_CLAIMS: rules })
  const session = async (client?: CertificateFiles, headers?: Record<string, string>) => {
    const { status, text } = await ask(hub, '/security/session', plant, client, headers)
    return { status, ...JSON.parse(text) }
  }
  t.match(await session(), { status: 200, authentication: 'none' })
  t.match(await session(plant.ca.issue('one', '/O=Plant/CN=line-1')), {
    authentication: 'certificate',
    name: 'certificate:O=Plant,CN=line-1',
    claims: { role: 'gateway' },
    expires: String
  })
  t.match(await session(plant.ca.issue('two', '/O=Other/CN=line-2')), { claims: { role: 'auditor' } })
  const other = await session(plant.ca.issue('three', '/CN=office'))
  t.strictSame(other.claims, { sub: 'certificate:CN=office' })
  t.match(await session(stranger.issue('four', '/O=Plant/CN=line-1')), { status: 401 })
  t.match(
    await session(plant.ca.issue('five', '/O=Plant/CN=line-5'), { authorization: 'Bearer x' }),
    { status: 401 },
    'other credentials come first'
  )
})

t.test('wrong files are refused at start, by name and without their content', { skip: withoutOpenSsl }, async (t) => {
  const plant = plantOf(t)
  const { cert, key } = plant.hubFiles
  const wrong = join(plant.folder, 'wrong.pem')
  writeFileSync(wrong, 'S3CRET')
  const claims = join(plant.folder, 'claims.json')
  writeFileSync(claims, JSON.stringify([{ subject: { CN: 1 }, claims: {} }]))
  const all: readonly (readonly [Parameters<typeof start>[1], RegExp])[] = [
    [{ TLS_CERT: cert }, /needed together/],
    [{ TLS_CERT: cert, TLS_KEY: `${key}.absent` }, /TLS_KEY: .* cannot be read/],
    [{ TLS_CERT: wrong, TLS_KEY: key }, /TLS_CERT: .* no certificate/],
    [{ TLS_CERT: cert, TLS_KEY: wrong }, /TLS_KEY: .* no private key/],
    [{ TLS_CERT: cert, TLS_KEY: plant.ca.files.key }, /is not the key of/],
    [{ TLS_CERT: cert, TLS_KEY: key, TLS_CLIENT_CA: wrong }, /TLS_CLIENT_CA/],
    [{ TLS_CERT: cert, TLS_KEY: key, TLS_CLIENT_CA: cert, TLS_CLIENT_CLAIMS: claims }, /\/0\/subject/],
    [{ TLS_CERT: cert, TLS_KEY: key, TLS_CRL: wrong }, /TLS_CRL needs TLS_CLIENT_CA/],
    [{ TLS_CERT: cert, TLS_KEY: key, TLS_CLIENT_CA: cert, TLS_CRL: wrong }, /TLS_CRL: .* no list of revoked/],
    [{ ISSUERS: wrong }, /ISSUERS: .* not JSON/]
  ]
  for (const [settings, message] of all) {
    const error = await start(t, settings).catch((error: Error) => error)
    t.match(error, { name: 'ConfigError', message })
    t.notMatch((error as Error).message, 'S3CRET')
  }
})
