/** Metrics of how far each consumer of the log is behind. */
import type { Config } from '../config/config.ts'
import { COLLECTION_CONSUMER } from '../consumers/collection/collection-figures.ts'
import { HISTORY_CONSUMER } from '../consumers/history/history-writer.ts'
import { registrationConsumer } from '../consumers/registration.ts'
import { validationConsumer } from '../consumers/validation-results.ts'
import type { TemplateChecker } from '../operations/validation/template-checker.ts'
import type { Store } from '../store/store.ts'
import { metricText } from './metric-text.ts'
import { publishingConsumers } from './mqtt-publishing.ts'

/** Names of the stored cursors, by what they are called in metrics. */
export type RunningConsumers = Readonly<Record<string, string>>

/** Those that the settings ask for; cursors of others are left from earlier settings. */
export function runningConsumers(
  config: Config,
  templates: Pick<TemplateChecker, 'rules' | 'isActive'>
): RunningConsumers {
  const { REGISTER_AT, LENIENT, COLLECTION_PLAN } = config
  return {
    history: HISTORY_CONSUMER,
    ...((templates.isActive || LENIENT) && { validation: validationConsumer(templates.rules) }),
    ...(COLLECTION_PLAN !== '' && { 'collection-points': COLLECTION_CONSUMER }),
    ...(REGISTER_AT !== '' && { registration: registrationConsumer(REGISTER_AT) }),
    ...publishingConsumers(config)
  }
}

/** @param now milliseconds since 1970 */
export async function consumerMetrics(
  store: Pick<Store, 'cursor' | 'log'>,
  consumers: RunningConsumers,
  logLast: number,
  now: number
): Promise<string[]> {
  const entries: Record<string, number> = {}
  const seconds: Record<string, number> = {}
  for (const [name, cursorName] of Object.entries(consumers)) {
    const cursor = await store.cursor(cursorName)
    // Before its first start it reads everything.
    if (cursor === undefined) continue
    const labels = `{consumer="${name}"}`
    const behind = Math.max(0, logLast - cursor)
    const [next] = behind === 0 ? [] : (await store.log(cursor, 1)).entries
    entries[labels] = behind
    seconds[labels] = next === undefined ? 0 : Math.max(0, (now - next.time) / 1000)
  }
  if (Object.keys(entries).length === 0) return []
  return [
    metricText('consumer_lag', 'gauge', 'Changes in the log that a consumer has not handled', entries),
    metricText('consumer_lag_seconds', 'gauge', 'Age of the oldest of them', seconds)
  ]
}
