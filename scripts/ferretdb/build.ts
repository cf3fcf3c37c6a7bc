/**
 * FerretDB with its SQLite backend: a server that speaks the protocol of MongoDB, for the tests. Built from the Go module
 * proxy into the user's cache, once; nothing of it lies in the repository.
 *
 * As a program it builds and tells where the server is: `node scripts/ferretdb/build.ts`
 */
import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const VERSION = 'v1.24.2'
const COMMAND = 'github.com/FerretDB/FerretDB/cmd/ferretdb'
const MODULE = 'github.com/FerretDB/FerretDB'

/** Without the backend that is not used: half the time. */
const TAGS = 'ferretdb_no_postgresql'

const run = promisify(execFile)

/** The server, built where it is not there yet, which takes some minutes. @throws Error where there is no Go */
export async function buildFerretdb(tell: (text: string) => void = () => {}): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'aas-hub')
  const program = join(cache, `ferretdb-${VERSION}`)
  if (await exists(program)) return program
  tell(`Building FerretDB ${VERSION}; this is done once and takes some minutes`)
  await mkdir(cache, { recursive: true })
  const scratch = await mkdtemp(join(tmpdir(), 'ferretdb-'))
  try {
    await build(scratch)
    // Others may build at the same time: whoever is last replaces the same by the same.
    const built = join(cache, `ferretdb-${process.pid}`)
    await run('cp', [join(scratch, 'ferretdb'), built])
    await rename(built, program)
    return program
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function build(folder: string): Promise<void> {
  // Go often lies where the PATH of a service does not lead.
  const path = [process.env.PATH ?? '', '/usr/local/go/bin'].join(delimiter)
  const env = { ...process.env, PATH: path, GOBIN: folder, GOFLAGS: '', GOWORK: 'off' }
  const go = (...args: string[]) => run('go', args, { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 })
  await go('mod', 'init', 'ferretdb.local')
  await go('get', '-tool', `${COMMAND}@${VERSION}`)
  await go('mod', 'vendor')
  // A file that its own build makes, without which the program does not start.
  await writeFile(join(folder, 'vendor', MODULE, 'build/version/version.txt'), VERSION)
  await go('install', '-mod=vendor', '-tags', TAGS, COMMAND)
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false
  )
}

if (import.meta.main) console.log(await buildFerretdb((text) => console.error(text)))
