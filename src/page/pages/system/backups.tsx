/** When the last backup was made and tried, and how to make one. */
import { type Metrics, metricValue, type Setting, settingValue } from '../../../client/api/system.ts'
import { formatTime } from '../../core/format.ts'
import { shellWord } from '../../core/shell-word.ts'
import { CopyButton } from '../../ui/copy-button.tsx'
import { FactList } from '../../ui/fact-list.tsx'
import { systemMessages } from './messages.ts'

const commandsFor = (directory: string) => {
  const quoted = shellWord(directory)
  return [
    `aas-hub backup --data-dir ${quoted} --to BACKUP`,
    `aas-hub check --data-dir ${quoted} --restore-drill BACKUP`
  ]
}

/** A week: a backup that is older is marked. */
const OLD_S = 7 * 86_400

export interface BackupsProps {
  readonly metrics: Metrics
  /** Undefined while they are read. */
  readonly settings: readonly Setting[] | undefined
}

export function Backups({ metrics, settings }: BackupsProps) {
  const text = systemMessages()
  const one = (name: string) => metricValue(metrics, name)
  const now = one('aas_hub_clock_seconds') ?? Date.now() / 1000
  const [backup, drill, isSound] = [
    one('aas_hub_backup_seconds'),
    one('aas_hub_restore_drill_seconds'),
    one('aas_hub_restore_drill_sound')
  ]
  if (settingValue(settings, 'MONGODB_URL')) {
    return (
      <section class="card" aria-labelledby="backups">
        <h2 id="backups">{text.backups}</h2>
        <p>{text.databaseHow}</p>
      </section>
    )
  }
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
              {backup !== undefined && (
                <span class={`badge ${now - backup > OLD_S ? 'warning' : 'good'}`}>
                  {now - backup > OLD_S ? text.old : text.current}
                </span>
              )}
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
      {commandsFor(settingValue(settings, 'DATA_DIR') ?? 'DATA_DIR').map((command) => (
        <div key={command} class="system-command">
          <code>{command}</code>
          <CopyButton text={command} />
        </div>
      ))}
      <p class="muted">{text.drillHow}</p>
    </section>
  )
}
