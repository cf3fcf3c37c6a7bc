import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { settings } from '../src/config/settings.ts'

const root = new URL('..', import.meta.url)
const file = readFileSync(new URL('docker-compose.yml', root), 'utf8')

interface Service {
  ports?: string[]
  image?: string
  build?: string
  environment?: Record<string, string>
  depends_on?: Record<string, { condition: string }>
  volumes?: string[]
  networks?: string[]
  configs?: { source: string }[]
  profiles?: string[]
  read_only?: boolean
}

interface Compose {
  services: Record<string, Service>
  volumes: Record<string, unknown>
  networks: Record<string, unknown>
  configs: Record<string, { content: string }>
}

const compose = parse(file, { merge: true }) as Compose

t.test('every file that docker-compose.yml names exists', async (t) => {
  for (const [name, service] of Object.entries(compose.services)) {
    t.ok(service.image !== undefined || service.build !== undefined, `${name} has an image`)
    for (const other of Object.keys(service.depends_on ?? {}))
      t.ok(compose.services[other], `${name} waits for ${other}`)
    for (const volume of service.volumes ?? []) t.ok(String(volume.split(':')[0]) in compose.volumes, volume)
    for (const network of service.networks ?? []) t.ok(network in compose.networks, network)
    for (const { source } of service.configs ?? []) t.ok(compose.configs[source]?.content, source)
  }
})

t.test(
  'docker-compose.yml has three nodes of a database, two hubs connected to them, and a proxy before both',
  async (t) => {
    const hubs = Object.entries(compose.services).filter(([name]) => name.startsWith('hub'))
    t.equal(hubs.length, 2)
    for (const [name, { environment = {}, read_only }] of hubs) {
      for (const setting of Object.keys(environment)) t.ok(setting in settings, setting)
      const hosts = /^mongodb:\/\/([^/]+)\//.exec(environment.MONGODB_URL ?? '')?.[1]?.split(',') ?? []
      t.strictSame(hosts, ['db1', 'db2', 'db3'])
      for (const host of hosts) t.ok(compose.services[host])
      t.match(compose.configs.proxy?.content, `server ${name}:8080`)
      t.equal(read_only, true)
    }
    t.match(compose.configs.proxy?.content, /Upgrade \$\$http_upgrade/, 'WebSockets pass')
    t.strictSame(compose.services.mosquitto?.profiles, ['mqtt'])
  }
)

t.test('hubs that start without authentication are reached from this machine only', async (t) => {
  const open = Object.values(compose.services).filter(({ environment }) => environment?.INSECURE === 'true')
  t.ok(open.length > 0)
  for (const { ports = [] } of Object.values(compose.services)) {
    for (const port of ports) t.match(port, /^127\.0\.0\.1:/)
  }
})

t.test('the image does not run as root, and copies only files that exist', async (t) => {
  const lines = readFileSync(new URL('Dockerfile', root), 'utf8').split('\n')
  const users = lines.filter((line) => line.startsWith('USER'))
  t.ok(users.length > 0 && users.every((line) => !/root|\b0\b/.test(line)))
  const kept = readFileSync(new URL('.dockerignore', root), 'utf8').split('\n')
  for (const line of lines.filter((line) => line.startsWith('COPY ') && !line.includes('--from'))) {
    for (const source of line.split(' ').slice(1, -1))
      t.ok(kept.includes(`!${source}`), `${source} is sent to the engine`)
  }
})
