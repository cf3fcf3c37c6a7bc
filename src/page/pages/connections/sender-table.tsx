/** Senders with their state, rate, last sample and last error. */
import { formatNumber, formatTime } from '../../core/format.ts'
import { TableScroll } from '../../ui/table-scroll.tsx'
import { connectionMessages } from './messages.ts'
import { type SenderStatus, statusOf } from './sender-status.ts'
import type { PlannedSender } from './senders.ts'

const BADGES: Readonly<Record<SenderStatus, string>> = {
  fine: 'good',
  failing: 'error',
  partly: 'warning',
  silent: 'warning',
  faulty: 'warning'
}

/** Transports by which the hub reads machines itself. */
const MACHINES: ReadonlySet<string> = new Set(['opcua', 'modbus', 'http-client'])

export interface SenderTableProps {
  readonly senders: readonly PlannedSender[]
  /** Of the hub, in milliseconds since 1970. */
  readonly now: number
}

export function SenderTable({ senders, now }: SenderTableProps) {
  const text = connectionMessages()
  // Without a plan there are no points to speak of.
  const hasPoints = senders.some(({ points }) => points > 0)
  return (
    <TableScroll label={text.senders} isCard>
      <table class="table sender-table">
        <thead>
          <tr>
            <th scope="col">{text.sender}</th>
            <th scope="col">{text.state}</th>
            <th scope="col" class="number">
              {text.rate}
            </th>
            <th scope="col" class="number">
              {text.samples}
            </th>
            {hasPoints && (
              <th scope="col" class="number">
                {text.pointCount}
              </th>
            )}
            <th scope="col">{text.lastSample}</th>
          </tr>
        </thead>
        <tbody>
          {senders.map((sender) => (
            <SenderRow
              key={`${sender.transport} ${sender.caller} ${sender.client} ${sender.since}`}
              sender={sender}
              now={now}
              hasPoints={hasPoints}
            />
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}

interface SenderRowProps {
  readonly sender: PlannedSender
  readonly now: number
  readonly hasPoints: boolean
}

function SenderRow({ sender, now, hasPoints }: SenderRowProps) {
  const text = connectionMessages()
  const { caller, client, transport, rate, accepted, refused, points, faulty, lastSample, lastError } = sender
  const status = statusOf(sender, now)
  return (
    <tr>
      <th scope="row">
        {caller ?? (MACHINES.has(transport) ? text.readByHub : text.anonymous)}
        <span class="sender-place">
          {transportName(transport)}
          {client !== undefined && ` · ${client}`}
        </span>
      </th>
      <td>
        <span class={`badge ${BADGES[status]}`}>
          {status === 'faulty' ? text.faulty(formatNumber(faulty)) : text[status]}
        </span>
        {lastError !== undefined && (
          <span class="sender-error">
            {text.lastError(formatTime(lastError.time))} <span lang="en">{lastError.text}</span>
          </span>
        )}
      </td>
      <td class="number">{text.perSecond(formatNumber(rate, { maximumSignificantDigits: 3 }))}</td>
      <td class="number">
        {formatNumber(accepted)}
        {refused > 0 && <span class="sender-refused">{text.refusedCount(formatNumber(refused))}</span>}
      </td>
      {hasPoints && <td class="number">{formatNumber(points)}</td>}
      <td>{lastSample === undefined ? '–' : formatTime(lastSample)}</td>
    </tr>
  )
}

function transportName(transport: string): string {
  const text = connectionMessages()
  switch (transport) {
    case 'http':
      return 'HTTP'
    case 'websocket':
      return 'WebSocket'
    case 'mqtt':
      return 'MQTT'
    case 'opcua':
      return 'OPC UA'
    case 'modbus':
      return 'Modbus'
    case 'http-client':
      return 'HTTP'
    case 'line-protocol':
      return text.lineProtocol
    case 'time-series-record':
      return text.timeSeriesRecord
    default:
      return transport
  }
}
