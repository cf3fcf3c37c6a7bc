/**
 * InfluxDB 1.x as a peer, in a process of its own with a folder of its own on loopback. Where it is not installed, the package
 * of the distribution is downloaded and unpacked into the cache; nothing is installed on the machine.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../ports.ts'
import { startPeer } from './peer.ts'

export interface Influx {
  readonly url: string
  readonly pid: number
  readonly version: string
  stop(): Promise<void>
}

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/bench-peers', import.meta.url))

const START_SECONDS = 20

/** Starts it with a database `bench`. Each write is synced before its response: its default, said once more. */
export async function startInflux(directory: string): Promise<Influx> {
  const program = await influxProgram('influxd')
  const [http, rpc] = [await freePort(), await freePort()]
  const url = `http://127.0.0.1:${http}`
  const env = {
    PATH: process.env.PATH,
    HOME: directory,
    INFLUXDB_REPORTING_DISABLED: 'true',
    INFLUXDB_BIND_ADDRESS: `127.0.0.1:${rpc}`,
    INFLUXDB_META_DIR: join(directory, 'meta'),
    INFLUXDB_DATA_DIR: join(directory, 'data'),
    INFLUXDB_DATA_WAL_DIR: join(directory, 'wal'),
    INFLUXDB_DATA_WAL_FSYNC_DELAY: '0s',
    INFLUXDB_MONITOR_STORE_ENABLED: 'false',
    // On a busy machine.
    INFLUXDB_COORDINATOR_WRITE_TIMEOUT: '60s',
    INFLUXDB_HTTP_BIND_ADDRESS: `127.0.0.1:${http}`,
    INFLUXDB_HTTP_LOG_ENABLED: 'false'
  }
  const { pid, stop } = await startPeer({
    ...{ title: 'InfluxDB', program, args: ['run'], env },
    ...{ url: `${url}/ping`, seconds: START_SECONDS }
  })
  const { ok } = await fetch(`${url}/query?q=CREATE%20DATABASE%20bench`, { method: 'POST' })
  if (!ok) throw new Error('InfluxDB refused the database')
  const { headers } = await fetch(`${url}/ping`)
  return { url, pid, version: headers.get('x-influxdb-version') ?? 'unknown', stop }
}

/** The server, or the command line. */
export async function influxProgram(name: 'influxd' | 'influx'): Promise<string> {
  const unpacked = join(CACHE, 'usr/bin', name)
  const found = [`/usr/bin/${name}`, unpacked].find((path) => existsSync(path))
  if (found !== undefined) return found
  process.stderr.write(`${name} is downloaded …\n`)
  await mkdir(CACHE, { recursive: true })
  const debian = name === 'influx' ? 'influxdb-client' : 'influxdb'
  execFileSync('apt-get', ['download', debian], { cwd: CACHE, stdio: ['ignore', 'ignore', 'inherit'] })
  const archive = readdirSync(CACHE).find((file) => file.startsWith(`${debian}_`) && file.endsWith('.deb'))
  if (archive === undefined) throw new Error('apt-get downloaded no package')
  execFileSync('dpkg-deb', ['-x', archive, '.'], { cwd: CACHE })
  return unpacked
}
