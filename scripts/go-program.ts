/** Third-party programs that the tests need, built once from the Go module proxy into the user's cache. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { CACHE, exists } from './cache.ts'

const run = promisify(execFile)

export interface GoProgram {
  /** Name of the program; its file in the cache is `<name>-<version>`. */
  readonly name: string
  readonly version: string
  /** Builds `<folder>/<name>`. */
  build(folder: string, go: (...args: string[]) => Promise<unknown>): Promise<void>
}

/** @returns the path of the program, which is built first if the cache does not have it. @throws Error without Go */
export async function goProgram({ name, version, build }: GoProgram): Promise<string> {
  const program = join(CACHE, `${name}-${version}`)
  if (await exists(program)) return program
  console.error(`Building ${name} ${version}; this is done once and takes some minutes`)
  await mkdir(CACHE, { recursive: true })
  const folder = await mkdtemp(join(tmpdir(), `${name}-`))
  // The PATH of a service often lacks Go's folder.
  const path = [process.env.PATH ?? '', '/usr/local/go/bin'].join(delimiter)
  const env = { ...process.env, PATH: path, GOBIN: folder, GOFLAGS: '', GOWORK: 'off' }
  try {
    await build(folder, (...args) => run('go', args, { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 }))
    // Another process may build at the same time; the last one replaces the file by an equal one.
    const built = join(CACHE, `${name}-${process.pid}`)
    await run('cp', [join(folder, name), built])
    await rename(built, program)
    return program
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
