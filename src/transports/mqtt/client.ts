/** One stay at the broker: what comes in becomes samples, what happens in the hub is told. */
import { setTimeout as sleep } from 'node:timers/promises'
import { startConsumer } from '../../consumers/consumer.ts'
import { encodeCommand } from '../../formats/sparkplug.ts'
import type { Store } from '../../store/store.ts'
import { describedIn, EMPTY_DESCRIPTION } from './asset-interfaces.ts'
import { type BasyxOptions, basyx } from './basyx.ts'
import { Births } from './births.ts'
import { Connection } from './connection.ts'
import { HostState } from './host-state.ts'
import { type Counts, messageHandler } from './message-handler.ts'
import type { MqttOptions } from './mqtt.ts'
import type { RateLimitedLog } from './rate-limited-log.ts'
import type { Reading } from './sample.ts'
import { filtersOf, SparkplugHost } from './sparkplug.ts'

/** How long what is under way may take when the hub stops, in milliseconds. */
const STOP_TIMEOUT_MS = 5000
const OFFLINE_TIMEOUT_MS = 500

/** How long an edge node may take to answer, in milliseconds. */
const SILENCE = 30_000

/** How often stored asset interfaces are looked at where anything was written, in milliseconds. */
const CHECK_INTERVAL_MS = 1000

export interface Client {
  readonly isConnected: boolean
  /** Acknowledges what is durable, says goodbye, and leaves. */
  close(): Promise<void>
}

/** The connection comes when the broker is there. */
export async function openClient(options: MqttOptions, notices: RateLimitedLog, counts: Counts): Promise<Client> {
  const { hub, log, mapping, publish, silence = SILENCE, ...broker } = options
  const { clientId = `aas-hub-${hub.store.epoch.slice(0, 12)}` } = options
  const { sparkplug } = mapping
  const stopping = new AbortController()
  const { topics: rules } = mapping
  let described = EMPTY_DESCRIPTION
  let hasMissed = false
  let listening: NodeJS.Timeout | undefined
  const { clock } = hub.ingest
  const host = sparkplug && new SparkplugHost(sparkplug, rebirth, clock)
  if (host !== undefined) {
    for await (const birth of new Births(hub.store).load()) {
      host.restore(birth)
      hasMissed = true
    }
  }
  const unborn = setInterval(() => lose(host?.unborn(clock.monotonic() - silence)), silence).unref()
  const state = sparkplug?.hostId === undefined ? undefined : new HostState(sparkplug.hostId, clock)
  const taking = messageHandler(
    {
      hub,
      notices,
      rules,
      described: () => described.rules,
      signal: stopping.signal,
      ...(host !== undefined && { sparkplug: host })
    },
    counts
  )
  const look = async () => {
    const before = described
    described = await describedIn(hub.store, before)
    if (described === before) return false
    const { rules, problems } = described
    log.info({ topics: rules.size / 2, problems }, 'Asset interfaces were read')
    return true
  }
  // Before the connection: what the broker has kept comes at once.
  const stopLooking = mapping.interfaces ? await watch(hub.store, look, () => connection.refresh(), notices) : undefined
  const connection = new Connection({
    ...broker,
    clientId,
    filters: () => [
      ...(sparkplug === undefined ? [] : filtersOf(sparkplug)),
      ...rules.map(({ pattern }) => pattern.filter),
      ...described.rules.keys()
    ],
    take: async (message) => {
      if (state?.topic !== message.topic) await taking.take(message)
      // Somebody else, or our own will that came late, says that we are not there.
      else if (state.denies(message.payload)) announce()
    },
    connected: () => {
      log.info({ url: broker.url }, 'Connected to the MQTT broker')
      announce()
      if (hasMissed) listen()
      hasMissed = true
    },
    lost: (reason) => {
      clearTimeout(listening)
      notices.warn('The MQTT broker is not reached; it is tried again', { url: broker.url, reason })
    },
    failed: (error) => notices.warn('The MQTT broker refused something', { err: error }),
    ...(state !== undefined && { will: () => state.will() })
  })

  const stopTelling =
    publish === undefined ? undefined : startConsumer(hub.store, basyx(hub.store, telling(publish)), clock)

  return {
    get isConnected() {
      return connection.isConnected
    },
    async close() {
      clearTimeout(listening)
      clearInterval(unborn)
      stopLooking?.()
      const silent = stopTelling?.()
      const patience = setTimeout(() => stopping.abort(), STOP_TIMEOUT_MS)
      if (state !== undefined && connection.isConnected) {
        const told = connection.publish(state.topic, state.farewell(), { retain: true }).catch(() => {})
        await Promise.race([told, sleep(OFFLINE_TIMEOUT_MS)])
      }
      await connection.close(STOP_TIMEOUT_MS)
      await silent
      clearTimeout(patience)
      stopping.abort()
    }
  }

  function rebirth(group: string, edge: string): void {
    log.info({ group, edge }, 'An edge node is asked for its births')
    const command = encodeCommand('Node Control/Rebirth', true, clock.milliseconds())
    // Where it fails the next message of the edge node leads to another.
    connection.publish(`spBv1.0/${group}/NCMD/${edge}`, command, { qos: 0 }).catch(() => {})
  }

  /** Whoever died while the hub was away from the broker says nothing now. */
  function listen(): void {
    const since = clock.monotonic()
    host?.reconnected()
    listening = setTimeout(() => {
      lose(host?.silent(since))
    }, silence)
  }

  function lose(reading: Reading | undefined): void {
    if (reading !== undefined && reading.losses.length > 0) taking.lose(reading).catch(() => {})
  }

  function telling(repository: string): BasyxOptions {
    return {
      repository,
      failed: (error) => notices.warn('Changes could not be told by MQTT; it is tried again', { err: error }),
      publish: async (topic, payload) => {
        await connection.whenConnected()
        await connection.publish(topic, payload)
      }
    }
  }

  function announce(): void {
    if (state === undefined) return
    connection.publish(state.topic, state.greeting(), { retain: true }).catch(() => {})
  }
}

/**
 * Looks now, and again after changes of the store.
 * @param look tells whether it saw anything new, which `then` hears of, but for the first time
 * @returns the way to stop
 */
async function watch(
  store: Store,
  look: () => Promise<boolean>,
  then: () => void,
  notices: RateLimitedLog
): Promise<() => void> {
  let changed = false
  let looking: Promise<boolean> | undefined
  const turn = async () => {
    changed = false
    try {
      return await look()
    } catch (error) {
      changed = true
      notices.warn('Asset interfaces could not be read; it is tried again', { err: error })
      return false
    }
  }
  const hangUp = store.onCommit(() => {
    changed = true
  })
  await turn()
  const timer = setInterval(async () => {
    if (!changed || looking !== undefined) return
    looking = turn()
    if (await looking) then()
    looking = undefined
  }, CHECK_INTERVAL_MS)
  timer.unref()
  return () => {
    clearInterval(timer)
    hangUp()
  }
}
