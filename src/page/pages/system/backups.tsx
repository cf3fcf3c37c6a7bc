/** When the last backup was made and tried, and how to make one. */
import type { Metrics } from '../../../client/api/system.ts'
import { formatTime } from '../../core/format.ts'
import { CopyButton } from '../../ui/copy-button.tsx'
import { FactList } from '../../ui/fact-list.tsx'
import { systemMessages } from './messages.ts'

const COMMANDS = {
  backup: 'aas-hub backup --data-dir DATA_DIR --to BACKUP',
  drill: 'aas-hub check --data-dir DATA_DIR --restore-drill BACKUP'
} as const

/** A week: a backup that is older is marked. */
const OLD_S = 7 * 86_400

export function Backups({ metrics }: { readonly metrics: Metrics }) {
  const text = systemMessages()
  const one = (name: string) => metrics.get(name)?.[0]?.value
  const now = one('aas_hub_clock_seconds') ?? Date.now() / 1000
  const [backup, drill, isSound] = [
    one('aas_hub_backup_seconds'),
    one('aas_hub_restore_drill_seconds'),
    one('aas_hub_restore_drill_sound')
  ]
  const moment = (seconds: number | undefined) =>
    seconds === undefined ? <span class="badge warning">{text.never}</span> : formatTime(seconds * 1000)
  return (
    <section class="card" aria-labelledby="backups">
      <h2 id="backups">{text.backups}</h2>
      <FactList
        facts={[
          [
            text.lastBackup,
            <>
              {moment(backup)}{' '}
              {backup !== undefined && now - backup > OLD_S && <span class="badge warning">{text.old}</span>}
            </>
          ],
          [
            text.lastDrill,
            <>
              {moment(drill)}{' '}
              {isSound !== undefined && (
                <span class={`badge ${isSound === 1 ? 'good' : 'error'}`}>
                  {isSound === 1 ? text.sound : text.unsound}
                </span>
              )}
            </>
          ]
        ]}
      />
      <p>{text.backupHow}</p>
      {Object.entries(COMMANDS).map(([name, command]) => (
        <div key={name} class="system-command">
          <code>{command}</code>
          <CopyButton text={command} />
        </div>
      ))}
      <p class="muted">{text.drillHow}</p>
      <p class="muted">{text.databaseHow}</p>
    </section>
  )
}
