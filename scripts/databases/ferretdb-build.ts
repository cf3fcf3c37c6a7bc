/**
 * FerretDB with its SQLite backend: a server that speaks the protocol of MongoDB, for the tests.
 *
 * As a program it builds the server and prints its path: `node scripts/databases/ferretdb-build.ts`
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { goProgram } from '../go-program.ts'

const VERSION = 'v1.24.2'
const COMMAND = 'github.com/FerretDB/FerretDB/cmd/ferretdb'
const MODULE = 'github.com/FerretDB/FerretDB'

/** Of the changes below: another one builds the server again. */
const CHANGES = 1

/** Leaves out a backend that is not used, which halves the build time. */
const TAGS = 'ferretdb_no_postgresql'

/** Path of the server, which is built if it is missing. @throws Error without Go */
export function buildFerretdb(): Promise<string> {
  return goProgram({
    name: 'ferretdb',
    version: `${VERSION}-${CHANGES}`,
    build: async (folder, go) => {
      await go('mod', 'init', 'ferretdb.local')
      await go('get', '-tool', `${COMMAND}@${VERSION}`)
      await go('mod', 'vendor')
      // Its own build creates this file; without it the program does not start.
      await writeFile(join(folder, 'vendor', MODULE, 'build/version/version.txt'), VERSION)
      await useIndexOfIds(join(folder, 'vendor', MODULE, 'internal/backends/sqlite/metadata/metadata.go'))
      await go('install', '-mod=vendor', '-tags', TAGS, COMMAND)
    }
  })
}

/**
 * It looks for an `_id` by another expression than that of the index, which SQLite therefore does not use: each look-up would
 * read the whole collection. Both expressions mean the same.
 */
async function useIndexOfIds(file: string): Promise<void> {
  const source = await readFile(file, 'utf8')
  const changed = source.replace(`"->'$._id'"`, `"->\\"_id\\""`)
  if (changed === source) throw new Error(`${file} is not as it was in FerretDB ${VERSION}`)
  await writeFile(file, changed)
}

if (import.meta.main) console.log(await buildFerretdb())
