/**
 * Runs a command with a database to test against: `node scripts/databases/with.ts npx tap test/store/mongodb.test.ts`.
 * That of MONGODB_URL if it is set; else a FerretDB, or with `--memory` a mongo-java-server, which ends with the command.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startFerretdb } from './ferretdb.ts'
import { startMemoryMongo } from './memory-mongo.ts'

const isMemory = process.argv[2] === '--memory'
const [command, ...args] = process.argv.slice(isMemory ? 3 : 2)
if (command === undefined) throw new Error('A command is missing')

const given = process.env.MONGODB_URL
if (given !== undefined && given !== '') process.exitCode = await run(given)
else if (isMemory) {
  const server = await startMemoryMongo()
  try {
    process.exitCode = await run(server.url)
  } finally {
    await server.kill()
  }
} else {
  const directory = await mkdtemp(join(tmpdir(), 'ferretdb-data-'))
  const server = await startFerretdb(directory)
  try {
    process.exitCode = await run(server.url)
  } finally {
    await server.kill()
    await rm(directory, { recursive: true, force: true })
  }
}

async function run(url: string): Promise<number> {
  const child = spawn(command ?? '', args, { stdio: 'inherit', env: { ...process.env, MONGODB_URL: url } })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? 1
}
