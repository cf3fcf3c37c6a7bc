/** Copies a hub from one store to another: `aas-hub migrate --from ./data --to mongodb://…`, and back. */
import { systemClock } from '../clock.ts'
import { HubError } from '../errors.ts'
import type { MongoConnectionOptions } from '../store/mongodb/connection.ts'
import { openMongoSource } from '../store/mongodb/mongodb.ts'
import { openMongoTarget } from '../store/mongodb/transfer-target.ts'
import { openSqliteSource } from '../store/sqlite/transfer-source.ts'
import { openSqliteTarget } from '../store/sqlite/transfer-target.ts'
import { digestsByType, type StoreSummary, type TransferSource, transfer } from '../store/transfer.ts'

const PROGRESS_INTERVAL_MS = 1000

/**
 * Copies everything: documents, values, files, history, the log with its positions. Resumes an interrupted attempt. At the
 * end both stores are read completely and compared.
 * @param from a data directory that no hub is using, or the connection string of a MongoDB
 * @param to the same, empty or left by an interrupted attempt
 * @param connection options for MongoDB
 * @param report called with the progress
 * @throws HubError `Conflict` where the copy differs, or `to` holds other data
 */
export async function migrate(
  from: string,
  to: string,
  connection: MongoConnectionOptions = {},
  report: (text: string) => void = () => {}
): Promise<StoreSummary> {
  const source = await openSource(from, connection)
  try {
    const summary = await copy(source, to, connection, report)
    report('Comparing')
    const copied = await openSource(to, connection)
    try {
      await compare(source, copied)
    } finally {
      await copied.close()
    }
    return summary
  } finally {
    await source.close()
  }
}

async function copy(
  source: TransferSource,
  to: string,
  connection: MongoConnectionOptions,
  report: (text: string) => void
) {
  const target = isConnectionString(to) ? await openMongoTarget(to, connection) : await openSqliteTarget(to)
  try {
    if ((await target.progress()) !== undefined) report('Resuming an interrupted attempt')
    let reportedAt = systemClock.monotonic()
    return await transfer(source, target, (moved) => {
      if (systemClock.monotonic() - reportedAt < PROGRESS_INTERVAL_MS) return
      reportedAt = systemClock.monotonic()
      report(`Copied ${[...moved].map(([piece, count]) => `${count} × ${piece}`).join(', ')}`)
    })
  } finally {
    await target.close()
  }
}

/** Reports separately where the difference is only that a hub has written to the source meanwhile. */
async function compare(source: TransferSource, copied: TransferSource): Promise<void> {
  const [expected, found] = [await digestsByType(source), await digestsByType(copied)]
  const kinds = new Set([...expected.keys(), ...found.keys()])
  const wrong = [...kinds].filter((kind) => expected.get(kind) !== found.get(kind))
  if (wrong.length === 0) return
  const [now, then] = [await source.summary(), await copied.summary()]
  if (now.seq !== then.seq) {
    throw new HubError('Conflict', [
      `The copy ends at position ${then.seq} of the log, the source is at ${now.seq}: a hub is still writing to it`
    ])
  }
  throw new HubError('Conflict', [`The copy differs from the source: ${wrong.join(', ')}`])
}

function openSource(location: string, connection: MongoConnectionOptions): Promise<TransferSource> {
  return isConnectionString(location) ? openMongoSource(location, connection) : openSqliteSource(location)
}

function isConnectionString(location: string): boolean {
  return /^mongodb(\+srv)?:\/\//.test(location)
}
