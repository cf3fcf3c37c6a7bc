/** What a hub runs on its store: ingest, history, subscriptions, retention and a consumer of the log. */
import { startConsumer } from '../../src/consumers/consumer.ts'
import { startHistoryRetention } from '../../src/consumers/history/history-retention.ts'
import { startHistoryWriter } from '../../src/consumers/history/history-writer.ts'
import { startLogRetention } from '../../src/consumers/log-retention.ts'
import { Subscriptions } from '../../src/consumers/subscriptions/subscriptions.ts'
import { HubError } from '../../src/errors.ts'
import { type History, historyOf } from '../../src/operations/history/history.ts'
import { Ingest } from '../../src/operations/samples/ingest.ts'
import type { Store } from '../../src/store/store.ts'
import type { SimProcess } from './process.ts'
import { DAMAGED_PAGE } from './sqlite.ts'
import type { World } from './world.ts'

export interface Services {
  readonly ingest: Ingest
  readonly history: History
  readonly subscriptions: Subscriptions
  /** Ends them in the order of a hub that stops. */
  stop(): Promise<void>
}

/** Of a series, in a run that thins its history: everything, as all samples are older. */
const THINNED_AFTER = 24n * 3_600_000_000_000n

/** To be called in the process. */
export async function startServices(world: World, process: SimProcess, store: Store): Promise<Services> {
  const { model, plan } = world
  const { clock } = process
  const failed = (error: unknown) => {
    if (error instanceof HubError && error.name !== 'Damaged') return
    // A process that crashed fails in any way.
    if (process.isAlive) world.problem ??= error
  }
  store.onDamage((error) => {
    // No value is lost by it, so it is only reported.
    if (!world.faults.has(DAMAGED_PAGE) || !error.message.startsWith('A page ')) failed(error)
  })
  const policy = { isRecorded: true, ...(plan.bucket > 0n && { after: THINNED_AFTER, mean: plan.bucket }) }
  const { historyMs: intervalMs, pendingBytes: maxPendingBytes } = plan
  const policyOf = () => policy
  const writer = await startHistoryWriter(store, { policyOf, clock, failed, intervalMs, maxPendingBytes })
  const history = historyOf(store, writer)
  const ingest = new Ingest({ store, clock })
  const subscriptions = new Subscriptions(store, { clock, history, failed: () => {} })
  const stops = [
    startHistoryRetention(store, { policyOf, clock, failed, intervalMs: plan.retentionMs }),
    startConsumer(store, world.consumer.on(process, store, failed), clock),
    startLogRetention(store, {
      maxAgeMs: plan.logAgeMs,
      maxBytes: plan.logBytes,
      // The model has to have read what is trimmed.
      taken: async () => Math.min(await writer.taken(), model.last),
      clock,
      failed
    })
  ]
  const stop = async () => {
    await subscriptions.close()
    await Promise.all(stops.map((one) => one()))
    await writer.stop()
  }
  return { ingest, history, subscriptions, stop }
}
