/** Hubs that are killed, over whichever store the tests run. */
import { join } from 'node:path'
import type { Test } from 'tap'
import { type HubProcess, startHub } from '../../scripts/hub-process.ts'
import { checkDirectory } from '../../src/store/sqlite/check.ts'
import { testDirectory } from '../test-directory.ts'
import { databaseOf, dropDatabase, embedded } from './harness.ts'

/**
 * @param port the same for each start; any free one where absent
 * @param database its database; with MONGODB_URL one for each directory where absent
 */
export function startProcess(directory: string, port = 0, database = databaseOf(directory)): Promise<HubProcess> {
  return startHub({ DATA_DIR: directory, PORT: String(port), MONGODB_URL: database })
}

/** Checks the data that a killed hub has left: of the embedded store; a database checks itself. */
export async function checkSound(t: Test, directory: string, title: string): Promise<void> {
  if (embedded === false) t.same(await checkDirectory(directory), [], title)
}

/** A directory for the data of a hub, which goes with the test, and so does its database. */
export function dataOf(t: Test): string {
  const directory = join(testDirectory(t), 'data')
  t.teardown(() => dropDatabase(databaseOf(directory)))
  return directory
}
