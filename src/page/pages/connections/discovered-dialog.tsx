/** What was found of a machine: what is left out, what will be stored, and the click that does it. */
import { useState } from 'preact/hooks'
import type { DiscoveredServer } from '../../../client/api/machines.ts'
import { storeFile } from '../../../client/api/upload.ts'
import { formatNumber } from '../../core/format.ts'
import { hub } from '../../core/hub.ts'
import { save } from '../../core/save.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Failure } from '../../ui/failure.tsx'
import { Notice } from '../../ui/notice.tsx'
import { DescribedPreview } from './described-preview.tsx'
import { machineMessages } from './machine-messages.ts'

/** Of more the first ones are shown. */
const MAX_PROBLEMS = 20

interface DiscoveredDialogProps {
  readonly discovered: DiscoveredServer
  readonly onClose: () => void
}

export function DiscoveredDialog({ discovered: { found, problems, environment }, onClose }: DiscoveredDialogProps) {
  const text = machineMessages()
  const [state, setState] = useState<'found' | 'storing' | 'stored'>('found')
  const [error, setError] = useState<unknown>()
  const file = () => new Blob([JSON.stringify(environment, null, 2)], { type: 'application/json' })
  const store = async () => {
    setState('storing')
    setError(undefined)
    try {
      await storeFile(hub(), { content: file(), name: 'machine.json' }, 'refuse')
      setState('stored')
    } catch (reason) {
      setError(reason)
      setState('found')
    }
  }
  return (
    <Dialog title={text.found(found.name, found.address)} onClose={onClose}>
      <p>
        {text.foundCounts(formatNumber(found.values), formatNumber(found.methods))}
        {found.policy !== undefined && ` (${found.policy}, ${found.mode})`}
      </p>
      {found.isCut && <Notice kind="warning">{text.isCut}</Notice>}
      {problems.length > 0 && <LeftOut problems={problems} />}
      <DescribedPreview environment={environment} />
      {state === 'stored' && <Notice kind="success">{text.stored}</Notice>}
      {error !== undefined && <Failure error={error} />}
      <footer class="dialog-foot">
        <button type="button" class="button" onClick={() => save(file(), 'machine.json')}>
          {text.download}
        </button>
        {state !== 'stored' && (
          <button type="button" class="button primary" disabled={state === 'storing'} onClick={() => void store()}>
            {text.store}
          </button>
        )}
      </footer>
    </Dialog>
  )
}

function LeftOut({ problems }: Pick<DiscoveredServer, 'problems'>) {
  const text = machineMessages()
  return (
    <Notice kind="warning">
      <p>{text.problemRows(formatNumber(problems.length))}</p>
      <ul class="machine-problems">
        {problems.slice(0, MAX_PROBLEMS).map(({ row, text: found }) => (
          <li key={`${row} ${found}`}>
            {row !== undefined && text.row(formatNumber(row))} <span lang="en">{found}</span>
          </li>
        ))}
      </ul>
    </Notice>
  )
}
