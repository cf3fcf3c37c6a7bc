/** Verbs for all that a hub has stored. */
import type { Config } from '../config/config.ts'
import { type CliVerb, UsageError } from './verb.ts'

export const backup: CliVerb = {
  does: 'copies the data directory into the empty folder --to, also while the hub runs',
  usage: '--to FOLDER [--data-dir FOLDER]',
  settings: /^DATA_DIR$/,
  run: copyDirectory
}

export const migrate: CliVerb = {
  does: 'copies everything --from one store --to another, each a data directory or mongodb://…; resumes where it was interrupted',
  usage: '--from FOLDER|mongodb://… --to FOLDER|mongodb://…',
  settings: /^MONGODB_(?!URL)/,
  run: copyAll
}

export const check: CliVerb = {
  does: 'checks the stored data for damage, also while the hub runs; with --restore-drill whether a backup can be restored',
  usage: '[--data-dir FOLDER] [--restore-drill BACKUP]',
  settings: /^DATA_DIR$/,
  run: checkStored
}

async function copyDirectory(config: Config, extra: ReadonlyMap<string, string>): Promise<void> {
  const to = extra.get('to')
  if (to === undefined) throw new UsageError('backup needs --to with an empty folder')
  const { backupDirectory } = await import('../store/sqlite/backup.ts')
  await backupDirectory(config.DATA_DIR, to)
  const { noteBackup } = await import('../store/sqlite/backup-record.ts')
  await noteBackup(config.DATA_DIR, { backup: { time: new Date().toISOString(), to } })
  console.log(`${config.DATA_DIR} is copied to ${to}`)
}

async function copyAll(config: Config, extra: ReadonlyMap<string, string>): Promise<void> {
  const [from, to] = [extra.get('from'), extra.get('to')]
  if (from === undefined || to === undefined) {
    throw new UsageError('migrate needs --from and --to, each a data directory or the address of a database')
  }
  const { connectionOf } = await import('../app/open-store.ts')
  const { migrate: copy } = await import('../commands/migrate.ts')
  const { seq } = await copy(from, to, connectionOf(config), (text) => console.error(text))
  console.log(`${from} is copied to ${to}, up to position ${seq} of the log; both were compared`)
}

async function checkStored(config: Config, extra: ReadonlyMap<string, string>): Promise<void> {
  const backup = extra.get('restore-drill')
  if (backup !== undefined) return tryBackup(backup, config.DATA_DIR)
  const { checkDirectory } = await import('../store/sqlite/check.ts')
  const problems = await checkDirectory(config.DATA_DIR)
  if (problems.length > 0) throw new UsageError(`${config.DATA_DIR} is damaged:\n${problems.join('\n')}`)
  console.log(`${config.DATA_DIR} is sound`)
}

async function tryBackup(backup: string, directory: string): Promise<void> {
  const { restoreDrill } = await import('../commands/restore-drill.ts')
  const { problems, documents, samples, seconds } = await restoreDrill(backup, directory)
  if (problems.length > 0) throw new UsageError(`${backup} cannot be restored:\n${problems.join('\n')}`)
  console.log(`${backup} was restored in ${seconds} s: ${documents} documents, ${samples} samples, all of them sound`)
}
