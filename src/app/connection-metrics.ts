/** Metrics of what is read from machines: by protocol and connection, as there are few. */
import type { ConnectionState } from '../operations/asset-interfaces/connection.ts'
import { metricText } from './metric-text.ts'

/** Connections that get metrics of their own; of more only the counts by state are given. */
const MAX_CONNECTIONS = 200

/** None where nothing is collected. */
export function connectionMetrics(connections: readonly ConnectionState[]): string[] {
  if (connections.length === 0) return []
  const byState: Record<string, number> = {}
  for (const { protocol, state } of connections) {
    const labels = `{protocol="${protocol}",state="${state}"}`
    byState[labels] = (byState[labels] ?? 0) + 1
  }
  const some = connections.slice(0, MAX_CONNECTIONS)
  const each = (value: (state: ConnectionState) => number | undefined) =>
    Object.fromEntries(
      some.flatMap((state) => {
        const found = value(state)
        return found === undefined ? [] : [[`{connection="${escaped(state.id)}"}`, found]]
      })
    )
  const lags = each(({ lag }) => (lag === undefined ? undefined : lag / 1000))
  return [
    metricText('connections', 'gauge', 'Connections to machines', byState),
    metricText(
      'connection_samples_total',
      'counter',
      'Samples read from a machine',
      each(({ accepted }) => accepted)
    ),
    metricText(
      'connection_refused_total',
      'counter',
      'Samples refused by their elements',
      each(({ refused }) => refused)
    ),
    metricText(
      'connection_missed_total',
      'counter',
      'Readings that were due and not made',
      each(({ missed }) => missed)
    ),
    metricText(
      'connection_gaps_total',
      'counter',
      'Times that samples were lost',
      each(({ gaps }) => gaps)
    ),
    metricText(
      'connection_reconnects_total',
      'counter',
      'Connections that ended',
      each(({ reconnects }) => reconnects)
    ),
    ...(Object.keys(lags).length === 0
      ? []
      : [metricText('connection_lag_seconds', 'gauge', 'From the time of the last sample until it was durable', lags)])
  ]
}

function escaped(label: string): string {
  return label.replace(/["\\\n]/g, (sign) => (sign === '\n' ? '\\n' : `\\${sign}`))
}
