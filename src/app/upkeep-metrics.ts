/** Metrics of what an operator has to look after: the clock of the machine, backups, restore drills. */
import { access, statfs } from 'node:fs/promises'
import type { Clock } from '../clock.ts'
import { readBackupRecord } from '../store/sqlite/backup-record.ts'
import { metricText, NO_LABEL } from './metric-text.ts'

/** Jumps of the system clock since the start. */
export interface ClockJumps {
  count: number
}

export interface UpkeepSources {
  readonly clock: Clock
  readonly clockJumps: Readonly<ClockJumps>
  /** Undefined: backups are made by means of the database. */
  readonly directory: string | undefined
}

export async function upkeepMetrics({ clock, clockJumps, directory }: UpkeepSources): Promise<string[]> {
  const synchronized = await isSynchronized()
  const record = directory === undefined ? {} : await readBackupRecord(directory)
  const { backup, drill } = record
  return [
    metricText('clock_seconds', 'gauge', 'Wall time of the hub, in seconds since 1970', {
      [NO_LABEL]: clock.milliseconds() / 1000
    }),
    metricText('clock_jumps_total', 'counter', 'Times that the system clock was set, or the machine suspended', {
      [NO_LABEL]: clockJumps.count
    }),
    ...(synchronized === undefined
      ? []
      : [
          metricText('clock_synchronized', 'gauge', 'Is the clock synchronized?', { [NO_LABEL]: synchronized ? 1 : 0 })
        ]),
    ...(await diskMetrics(directory)),
    ...timeMetric('backup_seconds', 'When the last backup was made, in seconds since 1970', backup?.time),
    ...timeMetric('restore_drill_seconds', 'When a backup was last restored as a drill', drill?.time),
    ...(drill === undefined
      ? []
      : [metricText('restore_drill_sound', 'gauge', 'Was that backup sound?', { [NO_LABEL]: drill.isSound ? 1 : 0 })])
  ]
}

/** Of the disk that the data directory is on. */
async function diskMetrics(directory: string | undefined): Promise<string[]> {
  const disk = directory === undefined ? undefined : await statfs(directory).catch(() => undefined)
  if (disk === undefined) return []
  return [
    metricText('disk_bytes', 'gauge', 'Size of the disk of the data directory', {
      [NO_LABEL]: disk.bsize * disk.blocks
    }),
    metricText('disk_free_bytes', 'gauge', 'What the hub may still use of it', { [NO_LABEL]: disk.bsize * disk.bavail })
  ]
}

function timeMetric(name: string, help: string, time: unknown): string[] {
  const seconds = typeof time === 'string' ? Date.parse(time) / 1000 : Number.NaN
  return Number.isNaN(seconds) ? [] : [metricText(name, 'gauge', help, { [NO_LABEL]: seconds })]
}

/** What the time service of systemd and that of chrony leave while they are in step; undefined where there is neither. */
async function isSynchronized(): Promise<boolean | undefined> {
  if (await exists('/run/systemd/timesync/synchronized')) return true
  return (await exists('/run/systemd/timesync')) ? false : undefined
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false
  )
}
