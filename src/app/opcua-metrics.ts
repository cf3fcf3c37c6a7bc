/** Metrics of the OPC UA server. */
import type { OpcuaServer } from '../transports/opcua/opcua.ts'
import { metricText, NO_LABEL } from './metric-text.ts'

/** None where it is off. */
export function opcuaMetrics(server: Pick<OpcuaServer, 'figures'> | undefined): string[] {
  if (server === undefined) return []
  const { figures } = server
  const { sessions, subscriptions, items } = figures ?? { sessions: 0, subscriptions: 0, items: 0 }
  const isUp = { [NO_LABEL]: figures === undefined ? 0 : 1 }
  return [
    metricText('opcua_up', 'gauge', 'Does the OPC UA server listen?', isUp),
    metricText('opcua_sessions', 'gauge', 'Open sessions of OPC UA clients', { [NO_LABEL]: sessions }),
    metricText('opcua_subscriptions', 'gauge', 'Subscriptions of OPC UA clients', { [NO_LABEL]: subscriptions }),
    metricText('opcua_monitored_items', 'gauge', 'Values that OPC UA clients monitor', { [NO_LABEL]: items })
  ]
}
