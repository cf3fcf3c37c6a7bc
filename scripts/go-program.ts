/** Programs of others that the tests need, built from the Go module proxy into the user's cache, once. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { CACHE, exists } from './cache.ts'

const run = promisify(execFile)

export interface GoProgram {
  /** Of the program, as it is called in the cache together with its version. */
  readonly name: string
  readonly version: string
  /** Makes `<folder>/<name>`. */
  build(folder: string, go: (...args: string[]) => Promise<unknown>): Promise<void>
}

/** Where the program is; built where it is not there yet, which takes some minutes. @throws Error where there is no Go */
export async function goProgram({ name, version, build }: GoProgram): Promise<string> {
  const program = join(CACHE, `${name}-${version}`)
  if (await exists(program)) return program
  console.error(`Building ${name} ${version}; this is done once and takes some minutes`)
  await mkdir(CACHE, { recursive: true })
  const folder = await mkdtemp(join(tmpdir(), `${name}-`))
  // Go often lies where the PATH of a service does not lead.
  const path = [process.env.PATH ?? '', '/usr/local/go/bin'].join(delimiter)
  const env = { ...process.env, PATH: path, GOBIN: folder, GOFLAGS: '', GOWORK: 'off' }
  try {
    await build(folder, (...args) => run('go', args, { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 }))
    // Others may build at the same time: whoever is last replaces the same by the same.
    const built = join(CACHE, `${name}-${process.pid}`)
    await run('cp', [join(folder, name), built])
    await rename(built, program)
    return program
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
