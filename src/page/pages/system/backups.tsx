/** When the last backup was made and tried, and how to make one. */
import type { Metrics } from '../../../client/api/system.ts'
import { formatTime } from '../../core/format.ts'
import { CopyButton } from '../../ui/copy-button.tsx'
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
  return (
    <section class="card" aria-labelledby="backups">
      <h2 id="backups">{text.backups}</h2>
      <dl class="system-list">
        <div>
          <dt>{text.lastBackup}</dt>
          <dd>
            {backup === undefined ? <span class="badge warning">{text.never}</span> : formatTime(backup * 1000)}{' '}
            {backup !== undefined && now - backup > OLD_S && <span class="badge warning">{text.old}</span>}
          </dd>
        </div>
        <div>
          <dt>{text.lastDrill}</dt>
          <dd>
            {drill === undefined ? <span class="badge warning">{text.never}</span> : formatTime(drill * 1000)}{' '}
            {isSound !== undefined && (
              <span class={`badge ${isSound === 1 ? 'good' : 'error'}`}>
                {isSound === 1 ? text.sound : text.unsound}
              </span>
            )}
          </dd>
        </div>
      </dl>
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
