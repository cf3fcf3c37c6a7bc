/** Moving a hub from one store to another: `aas-hub migrate --from ./data --to mongodb://…`, and back. */
import { HubError } from '../errors.ts'
import type { ConnectionOptions } from '../store/mongodb/connection.ts'
import { openMongoSource } from '../store/mongodb/mongodb.ts'
import { openMongoTarget } from '../store/mongodb/transfer.ts'
import { openSqliteSource } from '../store/sqlite/transfer-source.ts'
import { openSqliteTarget } from '../store/sqlite/transfer-target.ts'
import { digestsByType, type StoreSummary, type TransferSource, transfer } from '../store/transfer.ts'

/** How often progress is told, in milliseconds. */
const PROGRESS_INTERVAL_MS = 1000

/**
 * Copies everything: documents, values, files, history, the log with its positions. What an earlier attempt has copied
 * is not copied again. At the end both are read completely and compared.
 * @param from a data directory, which no hub may be using, or the address of a database
 * @param to the same, empty or left by an earlier attempt
 * @param connection for those of both that are a database
 * @param tell hears how far it is
 * @throws HubError `Conflict` where the copy would not be the same, or `to` holds something else
 */
export async function migrate(
  from: string,
  to: string,
  connection: ConnectionOptions = {},
  tell: (text: string) => void = () => {}
): Promise<StoreSummary> {
  const source = await openSource(from, connection)
  try {
    const summary = await copy(source, to, connection, tell)
    tell('Comparing')
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

async function copy(source: TransferSource, to: string, connection: ConnectionOptions, tell: (text: string) => void) {
  const target = isAddress(to) ? await openMongoTarget(to, connection) : await openSqliteTarget(to)
  try {
    if ((await target.progress()) !== undefined) tell('Going on where an earlier attempt was cut')
    let toldAt = performance.now()
    return await transfer(source, target, (moved) => {
      if (performance.now() - toldAt < PROGRESS_INTERVAL_MS) return
      toldAt = performance.now()
      tell(`Copied ${[...moved].map(([piece, count]) => `${count} × ${piece}`).join(', ')}`)
    })
  } finally {
    await target.close()
  }
}

/** Where hubs go on writing into the source, only what they wrote since may make a difference. */
async function compare(source: TransferSource, copied: TransferSource): Promise<void> {
  const [expected, found] = [await digestsByType(source), await digestsByType(copied)]
  const kinds = new Set([...expected.keys(), ...found.keys()])
  const wrong = [...kinds].filter((kind) => expected.get(kind) !== found.get(kind))
  if (wrong.length === 0) return
  const [now, then] = [await source.summary(), await copied.summary()]
  if (now.seq !== then.seq) {
    throw new HubError('Conflict', [
      `The copy is as of position ${then.seq} of the log, the source is at ${now.seq} by now: a hub goes on writing into it`
    ])
  }
  throw new HubError('Conflict', [`The copy is not the same: ${wrong.join(', ')}`])
}

function openSource(place: string, connection: ConnectionOptions): Promise<TransferSource> {
  return isAddress(place) ? openMongoSource(place, connection) : openSqliteSource(place)
}

function isAddress(place: string): boolean {
  return /^mongodb(\+srv)?:\/\//.test(place)
}
