/** Machines and brokers whose certificates are from an authority of the plant, not a public one. */
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer as createTls, type TLSSocket } from 'node:tls'
import { Aedes } from 'aedes'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/clock.ts'
import { openHttp } from '../../src/collectors/http/http.ts'
import { Brokers } from '../../src/collectors/mqtt/brokers.ts'
import { mqttConnector } from '../../src/collectors/mqtt/mqtt.ts'
import { secretsIn } from '../../src/collectors/secrets.ts'
import { CertificateAuthority, withoutOpenSsl } from '../certificates.ts'
import { testDirectory } from '../test-directory.ts'
import { until } from '../until.ts'
import { assetInterface } from './asset-interface.ts'
import { lastValues, sessionContext } from './session-context.ts'

const HOST = '127.0.0.1'

/** The certificate of a server of the plant, and the folder of secrets that does not have its authority yet. */
function plantOf(t: Test) {
  const folder = testDirectory(t)
  const authority = new CertificateAuthority(folder, 'plant-ca')
  const { cert, key } = authority.issue('server', '/CN=server')
  const secrets = join(folder, 'secrets')
  mkdirSync(join(secrets, HOST), { recursive: true })
  const put = (pem: string) => writeFileSync(join(secrets, HOST, 'ca.pem'), pem)
  return {
    server: { cert: readFileSync(cert), key: readFileSync(key) },
    context: () => sessionContext(t, { secret: secretsIn(secrets) }),
    put,
    trust: () => put(readFileSync(authority.files.cert, 'utf8'))
  }
}

t.test(
  'a broker with a certificate of the plant is believed once the authority is beside its secrets',
  { skip: withoutOpenSsl },
  async (t) => {
    const plant = plantOf(t)
    const aedes = await Aedes.createBroker()
    const sockets = new Set<TLSSocket>()
    const server = createTls(plant.server, (socket) => {
      sockets.add(socket)
      aedes.handle(socket)
    })
    server.on('tlsClientError', () => {})
    server.listen(0, HOST)
    await once(server, 'listening')
    const brokers = new Brokers({
      ...{ clock: systemClock, clientId: 'test', log: { info() {}, warn() {} }, reconnectIntervalMs: 100 }
    })
    t.teardown(async () => {
      await brokers.close()
      for (const socket of sockets) socket.destroy()
      server.close()
      aedes.close()
    })
    const base = `mqtts://${HOST}:${(server.address() as AddressInfo).port}`
    const described = assetInterface({
      ...{ idShort: 'InterfaceMQTT', vocabulary: 'http://www.w3.org/2011/mqtt', endpoint: { base } },
      properties: { speed: { form: { href: '/press/speed', contentType: 'application/json' } } }
    })
    const context = plant.context()
    const session = await mqttConnector(brokers)(described, context)
    t.teardown(() => session.close())
    t.match(context.events, [/^interrupted: .*(self-signed|unable to verify|unable to get)/])
    plant.trust()
    await until(() => context.events.includes('recovered'), { timeoutMs: 30_000 })
    await until(() => aedes.connectedClients > 0)
    aedes.publish(
      { cmd: 'publish', topic: 'press/speed', payload: Buffer.from('7'), qos: 1, retain: true, dup: false },
      () => {}
    )
    await until(() => String(lastValues(context).speed) === '7', { timeoutMs: 10_000 })

    plant.put('no certificate')
    await t.rejects(mqttConnector(brokers)(described, plant.context()), {
      ...{ message: `ca.pem of ${HOST} is no certificate`, isPermanent: true }
    })
  }
)

t.test('so is a machine with HTTPS, from its next answer on', { skip: withoutOpenSsl }, async (t) => {
  const plant = plantOf(t)
  const server = createHttps(plant.server, (_request, response) => void response.end('{"speed": 7}'))
  server.listen(0, HOST)
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const base = `https://${HOST}:${(server.address() as AddressInfo).port}`
  const described = assetInterface({
    ...{ idShort: 'InterfaceHTTP', vocabulary: 'http://www.w3.org/2011/http', endpoint: { base }, interval: 0.05 },
    properties: { speed: { form: { href: '/status#/speed', htv_methodName: 'GET', contentType: 'application/json' } } }
  })
  await t.rejects(openHttp(described, plant.context()), { message: /(self-signed|unable to verify|unable to get)/ })
  plant.trust()
  const context = plant.context()
  const session = await openHttp(described, context)
  t.teardown(() => session.close())
  await until(() => lastValues(context).speed === 7)
})
