/** The audit of a data directory, also while a hub uses it. */
import { DatabaseSync } from 'node:sqlite'
import { HubError } from '../../errors.ts'
import type { AuditEntry, AuditHead } from '../audit-chain.ts'
import { AuditReads } from './audit.ts'
import { databasePath, pathExists } from './paths.ts'
import { migrations } from './schema.ts'
import { toHubError } from './storage-errors.ts'

const ENTRIES_PER_READ = 500

export interface AuditDirectory {
  readonly head: AuditHead
  entries(after: number): Iterable<AuditEntry>
  close(): void
}

/** All of one moment. @throws HubError `NotFound` if there is no database, `Unavailable` if it cannot be read */
export async function openAuditDirectory(directory: string): Promise<AuditDirectory> {
  const file = databasePath(directory)
  if (!(await pathExists(file))) throw new HubError('NotFound', ['The database', file])
  const db = new DatabaseSync(file, { readOnly: true, timeout: 5000 })
  try {
    db.exec('BEGIN')
    const version = Number(db.prepare('PRAGMA user_version').get()?.user_version)
    if (version !== migrations.length) {
      throw new HubError('Unavailable', [
        `The schema of ${file} has version ${version}, this release has ${migrations.length}: start the hub once to migrate it`
      ])
    }
    const reads = new AuditReads(db)
    return { head: reads.head(), entries: (after) => entriesOf(reads, after), close: () => db.close() }
  } catch (error) {
    db.close()
    throw toHubError(error)
  }
}

function* entriesOf(reads: AuditReads, after: number): Generator<AuditEntry> {
  try {
    for (let page = reads.page(after, ENTRIES_PER_READ); page.length > 0; ) {
      yield* page
      page = reads.page(page.at(-1)?.number ?? after, ENTRIES_PER_READ)
    }
  } catch (error) {
    throw toHubError(error)
  }
}
