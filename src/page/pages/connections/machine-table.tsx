/** Connections to machines: state, figures, last error in words, and what can be done. */
import type { MachineCertificate, MachineConnection } from '../../../client/api/machines.ts'
import { formatNumber, formatTime } from '../../core/format.ts'
import { TableScroll } from '../../ui/table-scroll.tsx'
import { machineMessages } from './machine-messages.ts'
import { ProblemList } from './problem-list.tsx'

export type MachineAction =
  | { readonly is: 'start' | 'stop' | 'test'; readonly connection: MachineConnection }
  | { readonly is: 'trust'; readonly connection: MachineConnection; readonly certificate: MachineCertificate }

export interface MachineTableProps {
  readonly connections: readonly MachineConnection[]
  readonly certificates: readonly MachineCertificate[]
  readonly mayChange: boolean
  readonly onAction: (action: MachineAction) => void
}

const BADGES: Readonly<Record<MachineConnection['state'], string>> = {
  connecting: 'accent',
  connected: 'good',
  degraded: 'warning',
  failed: 'error',
  stopped: ''
}

export function MachineTable({ connections, certificates, mayChange, onAction }: MachineTableProps) {
  const text = machineMessages()
  return (
    <TableScroll label={text.machines} isCard>
      <table class="table sender-table">
        <thead>
          <tr>
            <th scope="col">{text.machine}</th>
            <th scope="col">{text.state}</th>
            <th scope="col" class="number">
              {text.rate}
            </th>
            <th scope="col" class="number">
              {text.lag}
            </th>
            <th scope="col" class="number">
              {text.samples}
            </th>
            {mayChange && <th scope="col">{text.actions}</th>}
          </tr>
        </thead>
        <tbody>
          {connections.map((connection) => (
            <tr key={connection.id}>
              <th scope="row">
                {nameOf(connection)}
                <span class="sender-place">
                  {connection.target ?? connection.protocol} · {text.items(formatNumber(connection.items))}
                </span>
              </th>
              <td>
                <State connection={connection} />
              </td>
              <td class="number">{text.perSecond(formatNumber(connection.rate, { maximumSignificantDigits: 3 }))}</td>
              <td class="number">{connection.lag === undefined ? '–' : lagText(connection.lag)}</td>
              <td class="number">
                <Samples connection={connection} />
              </td>
              {mayChange && (
                <td>
                  <MachineActions
                    connection={connection}
                    certificate={awaited(connection, certificates)}
                    onAction={onAction}
                  />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}

function nameOf({ title, idShort }: MachineConnection): string {
  return title ?? idShort
}

function lagText(ms: number): string {
  return machineMessages().seconds(formatNumber(ms / 1000, { maximumSignificantDigits: 2 }))
}

/** The certificate that has to be trusted before the machine can be connected to: the error has its thumbprint. */
function awaited({ state, lastError }: MachineConnection, certificates: readonly MachineCertificate[]) {
  if (state !== 'failed' || lastError === undefined) return undefined
  return certificates.find(({ trust, thumbprint }) => trust === 'rejected' && lastError.text.includes(thumbprint))
}

function State({ connection }: { readonly connection: MachineConnection }) {
  const text = machineMessages()
  const { state, lastError, nextTry, problems } = connection
  return (
    <>
      <span class={`badge ${BADGES[state]}`}>{text[state]}</span>
      {lastError !== undefined && (
        <span class={state === 'connected' || state === 'stopped' ? 'sender-place' : 'sender-error'}>
          {text.lastError(formatTime(lastError.time))} <span lang="en">{lastError.text}</span>
        </span>
      )}
      {nextTry !== undefined && <span class="sender-place">{text.nextTry(formatTime(nextTry))}</span>}
      {problems.length > 0 && (
        <details class="sender-error">
          <summary>{text.problems(formatNumber(problems.length))}</summary>
          <ProblemList problems={problems} />
        </details>
      )}
    </>
  )
}

function Samples({ connection: { accepted, refused, missed, gaps } }: { readonly connection: MachineConnection }) {
  const text = machineMessages()
  return (
    <>
      {formatNumber(accepted)}
      {refused > 0 && <span class="sender-refused">{text.refused(formatNumber(refused))}</span>}
      {missed > 0 && <span class="sender-refused">{text.missed(formatNumber(missed))}</span>}
      {gaps > 0 && <span class="sender-refused">{text.gaps(formatNumber(gaps))}</span>}
    </>
  )
}

interface MachineActionsProps {
  readonly connection: MachineConnection
  readonly certificate: MachineCertificate | undefined
  readonly onAction: (action: MachineAction) => void
}

function MachineActions({ connection, certificate, onAction }: MachineActionsProps) {
  const text = machineMessages()
  const name = nameOf(connection)
  const button = (label: string, long: string, action: MachineAction) => (
    <button type="button" class="button small" aria-label={long} onClick={() => onAction(action)}>
      {label}
    </button>
  )
  return (
    <span class="row machine-actions">
      {certificate !== undefined && button(text.trust, text.trustOf(name), { is: 'trust', connection, certificate })}
      {button(text.test, text.testOf(name), { is: 'test', connection })}
      {connection.state === 'failed' && button(text.retry, text.retryOf(name), { is: 'start', connection })}
      {connection.state === 'stopped'
        ? button(text.start, text.startOf(name), { is: 'start', connection })
        : button(text.stop, text.stopOf(name), { is: 'stop', connection })}
    </span>
  )
}
