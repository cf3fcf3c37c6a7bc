/**
 * FerretDB with its SQLite backend: a server that speaks the protocol of MongoDB, for the tests.
 *
 * As a program it builds and tells where the server is: `node scripts/databases/ferretdb-build.ts`
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { goProgram } from '../go-program.ts'

const VERSION = 'v1.24.2'
const COMMAND = 'github.com/FerretDB/FerretDB/cmd/ferretdb'
const MODULE = 'github.com/FerretDB/FerretDB'

/** Without the backend that is not used: half the time. */
const TAGS = 'ferretdb_no_postgresql'

/** Where the server is; built where it is not there yet. @throws Error where there is no Go */
export function buildFerretdb(): Promise<string> {
  return goProgram({
    name: 'ferretdb',
    version: VERSION,
    build: async (folder, go) => {
      await go('mod', 'init', 'ferretdb.local')
      await go('get', '-tool', `${COMMAND}@${VERSION}`)
      await go('mod', 'vendor')
      // A file that its own build makes, without which the program does not start.
      await writeFile(join(folder, 'vendor', MODULE, 'build/version/version.txt'), VERSION)
      await go('install', '-mod=vendor', '-tags', TAGS, COMMAND)
    }
  })
}

if (import.meta.main) console.log(await buildFerretdb())
