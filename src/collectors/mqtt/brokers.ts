/**
 * Connections to brokers, one for each broker and login, shared by all interfaces there. The connection to the broker in
 * `MQTT_URL` is not opened here: it is that of the MQTT transport.
 */
import { hash, randomBytes } from 'node:crypto'
import { connect as connectTcp, isIP, type LookupFunction } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Clock } from '../../clock.ts'
import { Broker } from '../../mqtt/broker.ts'
import { brokerAddress, isSameBroker } from '../../mqtt/broker-address.ts'
import type { BrokerConnectionOptions } from '../../mqtt/broker-connection.ts'
import type { InterfaceDescription } from '../../operations/asset-interfaces/asset-interface.ts'
import { CollectorError, type SessionContext } from '../connector.ts'
import type { CollectorLog } from '../instance.ts'
import { authoritiesOf } from '../secrets.ts'
import { schemeOf } from '../security-scheme.ts'

/** The broker that the operator has configured. */
export interface PlantBroker extends Pick<BrokerConnectionOptions, 'url' | 'username' | 'password' | 'ca'> {
  /** Bound to its connection by the MQTT transport, in the process that leads. */
  readonly broker: Broker
  /** No other one may be connected to: it is meant by every address, as plants name one broker by several. */
  readonly isOnly: boolean
}

export interface BrokersOptions extends Pick<BrokerConnectionOptions, 'reconnectIntervalMs'> {
  readonly clock: Clock
  /** Stable across restarts and unique at each broker; those of the connections begin with it. */
  readonly clientId: string
  readonly plant?: PlantBroker | undefined
  readonly log: CollectorLog
}

export interface OpenBroker {
  readonly broker: Broker
  /** It is not needed any more by this interface. */
  release(): Promise<void>
}

/** How to reach a broker. */
type Login = Pick<BrokerConnectionOptions, 'url' | 'username' | 'password' | 'ca' | 'openStream'>

interface Shared {
  readonly broker: Broker
  readonly close: () => Promise<void>
  users: number
}

/** A broker without interfaces stays connected for so long, until it has ended the subscriptions. */
const UNUSED_MS = 8000
const CLOSE_TIMEOUT_MS = 5000

export class Brokers {
  readonly #options: BrokersOptions
  readonly #shared = new Map<string, Promise<Shared>>()
  readonly #closing = new AbortController()

  constructor(options: BrokersOptions) {
    this.#options = options
  }

  /** @param isTemporary a connection of its own, of which the broker keeps nothing @throws CollectorError */
  async open(description: InterfaceDescription, context: SessionContext, isTemporary: boolean): Promise<OpenBroker> {
    const { plant } = this.#options
    const isPlant = plant !== undefined && isAt(plant, description)
    if (isPlant && !isTemporary) return { broker: plant.broker, release: async () => {} }
    const login = isPlant ? plant : await loginFor(description, context)
    if (!isTemporary) return this.#share(login)
    const { broker, close } = await this.#connect(login, `aas-hub-${randomBytes(8).toString('hex')}`, true)
    return { broker, release: close }
  }

  /** The brokers keep the sessions. */
  async close(): Promise<void> {
    this.#closing.abort()
    const all = await Promise.allSettled(this.#shared.values())
    this.#shared.clear()
    await Promise.all(all.map((one) => one.status === 'fulfilled' && one.value.close()))
  }

  async #share(login: Login): Promise<OpenBroker> {
    const key = JSON.stringify([login.url, login.username])
    const name = hash('sha256', key).slice(0, 8)
    const opening = this.#shared.get(key) ?? this.#connect(login, `${this.#options.clientId}-${name}`, false)
    this.#shared.set(key, opening)
    const shared = await opening
    shared.users++
    const release = async () => {
      if (--shared.users === 0) void this.#closeUnused(key, shared)
    }
    return { broker: shared.broker, release }
  }

  async #closeUnused(key: string, shared: Shared): Promise<void> {
    await this.#options.clock.sleep(UNUSED_MS, this.#closing.signal)
    if (shared.users > 0 || !this.#shared.delete(key)) return
    await shared.close()
  }

  async #connect(login: Login, clientId: string, isTemporary: boolean): Promise<Shared> {
    const { clock, log, reconnectIntervalMs } = this.#options
    // Loaded on demand: the client library takes megabytes.
    const { BrokerConnection } = await import('../../mqtt/broker-connection.ts')
    const broker = new Broker(clock)
    const connection = new BrokerConnection({
      ...{ url: login.url, clock, clientId, isTemporary },
      ...(login.username !== undefined && { username: login.username }),
      ...(login.password !== undefined && { password: login.password }),
      ...(login.ca !== undefined && { ca: login.ca }),
      ...(login.openStream !== undefined && { openStream: login.openStream }),
      ...(reconnectIntervalMs !== undefined && { reconnectIntervalMs }),
      filters: () => broker.topics,
      handle: async (message) => {
        await broker.handle(message, !isTemporary)
      },
      connected: (isResumed) => broker.connected(isResumed),
      lost: (reason, retryMs) => broker.lost(reason, retryMs),
      refused: (topic) => broker.refused(topic),
      failed: (error) => log.warn({ broker: login.url, reason: error.message }, 'A broker refused a request')
    })
    broker.bind(connection)
    const close = async () => {
      broker.unbind()
      await connection.close(CLOSE_TIMEOUT_MS)
    }
    return { broker, close, users: 0 }
  }
}

/** Does an interface belong to the broker that the operator has configured? So does one without an address. */
export function isAt(
  { url, isOnly }: Pick<PlantBroker, 'url' | 'isOnly'>,
  { base = '' }: Pick<InterfaceDescription, 'base'>
): boolean {
  if (isOnly) return true
  return brokerAddress(base) === undefined ? !/^[a-z]+:\/\//i.test(base) : isSameBroker(url, base)
}

/** @throws CollectorError */
async function loginFor(description: InterfaceDescription, context: SessionContext): Promise<Login> {
  const { resolve, secret } = context
  const { base = '' } = description
  const address = brokerAddress(base)
  if (address === undefined || !address.scheme.startsWith('mqtt')) {
    throw new CollectorError(`the base ${base} is not of the form mqtt://host:port`, { isPermanent: true })
  }
  if (/\/\/[^/]*@/.test(base)) {
    throw new CollectorError('an address with a password in it is not used: secrets are in files', {
      isPermanent: true
    })
  }
  const { scheme, host, port } = address
  await resolve(host, port)
  const openStream = scheme === 'mqtts' ? await tlsOpener({ host, port }, context) : tcpOpener({ host, port }, context)
  const login = { url: `${scheme}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`, openStream }
  const security = schemeOf(description)
  if (security.scheme === 'nosec') return login
  if (security.scheme !== 'basic') {
    throw new CollectorError(`the security scheme ${security.scheme} is not supported`, { isPermanent: true })
  }
  const [, username = '', password = ''] = /^([^:]*):?(.*)$/s.exec(await secret(security.secret, { host, port })) ?? []
  return { ...login, username, password }
}

interface Target {
  readonly host: string
  readonly port: number
}

type Opening = Pick<SessionContext, 'resolve' | 'secret'>

function tcpOpener(target: Target, { resolve }: Opening) {
  return () => connectTcp({ ...target, lookup: checkedLookup(target, resolve) })
}

/** @throws CollectorError where the authorities of the host cannot be read */
async function tlsOpener(target: Target, { resolve, secret }: Opening) {
  const { host } = target
  let ca = await authoritiesOf(secret, target)
  return () => {
    const named = { ...(ca !== undefined && { ca }), ...(isIP(host) === 0 && { servername: host }) }
    // They may have been replaced: for the next attempt, as this one cannot wait.
    void authoritiesOf(secret, target).then(
      (now) => {
        ca = now
      },
      () => {}
    )
    return connectTls({ ...target, ...named, lookup: checkedLookup(target, resolve) })
  }
}

/** Each attempt resolves the name again, and connects to the address that was checked. */
function checkedLookup({ host, port }: Target, resolve: SessionContext['resolve']): LookupFunction {
  return (_name, { all = false }, done) => {
    resolve(host, port).then(
      (address) => (all ? done(null, [{ address, family: isIP(address) }]) : done(null, address, isIP(address))),
      (error: Error) => done(error, '')
    )
  }
}
