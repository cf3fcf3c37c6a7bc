/** A connection that is tested: each item, read once. */
import { type MachineConnection, type TestedMachineItem, testConnection } from '../../../client/api/machines.ts'
import { formatTime } from '../../core/format.ts'
import { hub } from '../../core/hub.ts'
import { useLoad } from '../../core/use-load.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Failure } from '../../ui/failure.tsx'
import { Loading } from '../../ui/loading.tsx'
import { TableScroll } from '../../ui/table-scroll.tsx'
import { machineMessages } from './machine-messages.ts'

const BADGES: Readonly<Record<TestedMachineItem['quality'], string>> = {
  good: 'good',
  uncertain: 'warning',
  bad: 'error'
}

export interface TestDialogProps {
  readonly connection: MachineConnection
  readonly onClose: () => void
}

export function TestDialog({ connection: { id, title, idShort }, onClose }: TestDialogProps) {
  const text = machineMessages()
  const { value, error, isLoading, reload } = useLoad(`test ${id}`, () => testConnection(hub(), id))
  return (
    <Dialog title={text.testOf(title ?? idShort)} onClose={onClose}>
      {isLoading && <Loading label={text.testing} />}
      {error !== undefined && <Failure error={error} onRetry={reload} />}
      {value !== undefined && value.length === 0 && <p>{text.nothingRead}</p>}
      {value !== undefined && value.length > 0 && <ItemTable items={value} />}
    </Dialog>
  )
}

function ItemTable({ items }: { readonly items: readonly TestedMachineItem[] }) {
  const text = machineMessages()
  return (
    <TableScroll label={text.item}>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">{text.item}</th>
            <th scope="col">{text.value}</th>
            <th scope="col">{text.quality}</th>
            <th scope="col">{text.time}</th>
          </tr>
        </thead>
        <tbody>
          {items.map(({ path, value, quality, time, reason }) => (
            <tr key={path}>
              <th scope="row" title={path}>
                {path.split('.').at(-1)}
              </th>
              <td class="mono">{valueText(value)}</td>
              <td>
                <span class={`badge ${BADGES[quality]}`}>{text[quality]}</span>
                {reason !== undefined && (
                  <span class="sender-error" lang="en">
                    {reason}
                  </span>
                )}
              </td>
              <td>{value === undefined ? '–' : formatTime(time)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}

function valueText(value: unknown): string {
  if (value === undefined) return '–'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
