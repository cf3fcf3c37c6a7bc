/** A real Mosquitto as a child process, for mosquitto.ts. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { delimiter, join } from 'node:path'
import { freePort, listens } from '../ports.ts'

const START_TIMEOUT_MS = 20_000

const children = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

/** A broker with TLS, passwords and persistence; users are `hub` and `gateway`. */
export interface Mosquitto {
  readonly url: string
  readonly tlsPort: number
  /** File of its self-signed certificate. */
  readonly ca: string
  restart(): Promise<void>
  stop(): Promise<void>
}

/** @param scratch folder for its files, which the caller removes */
export async function startMosquitto(scratch: string): Promise<Mosquitto> {
  const { command, env, passwd } = findOrInstall(scratch)
  const [port, tlsPort] = [await freePort(), await freePort()]
  const { ca, config } = configure(scratch, passwd, env, { port, tlsPort })
  for (const file of readdirSync(scratch)) chmodSync(join(scratch, file), 0o700)
  let child: ChildProcess
  const begin = async () => {
    child = start(command, ['-c', config], env)
    child.stdout?.resume()
    await listens(port, START_TIMEOUT_MS)
  }
  const stop = async () => {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  await begin()
  return {
    url: `mqtt://127.0.0.1:${port}`,
    tlsPort,
    ca,
    stop,
    restart: async () => {
      await stop()
      await begin()
    }
  }
}

/** Writes certificate, passwords and configuration. */
function configure(
  scratch: string,
  passwd: string,
  env: NodeJS.ProcessEnv,
  { port, tlsPort }: { readonly port: number; readonly tlsPort: number }
): { readonly ca: string; readonly config: string } {
  const [ca, key] = [join(scratch, 'broker.crt'), join(scratch, 'broker.key')]
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'].concat([
      '-subj',
      '/CN=127.0.0.1',
      '-addext',
      'subjectAltName=IP:127.0.0.1',
      '-keyout',
      key,
      '-out',
      ca
    ]),
    { stdio: 'ignore' }
  )
  const passwords = join(scratch, 'passwords')
  writeFileSync(passwords, '')
  execFileSync(passwd, ['-b', passwords, 'hub', 'secret:with:colons'], { env })
  execFileSync(passwd, ['-b', passwords, 'gateway', 'secret'], { env })
  const persistence = join(scratch, 'persistence/')
  mkdirSync(persistence)
  const config = join(scratch, 'mosquitto.conf')
  writeFileSync(
    config,
    [
      ...[
        'allow_anonymous false',
        `password_file ${passwords}`,
        'persistence true',
        `persistence_location ${persistence}`
      ],
      // Messages are queued without limit while the hub is away.
      ...['max_queued_messages 0', `user ${userInfo().username}`],
      ...[`listener ${port} 127.0.0.1`, `listener ${tlsPort} 127.0.0.1`, `certfile ${ca}`, `keyfile ${key}`],
      ''
    ].join('\n')
  )
  return { ca, config }
}

/** Debian's Mosquitto: the installed one, or installed now, or unpacked into the scratch folder. */
function findOrInstall(scratch: string): { command: string; passwd: string; env: NodeJS.ProcessEnv } {
  const find = (name: string, root = '') =>
    [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin']
      .map((folder) => join(root, root === '' ? folder : folder.replace(/^.*(\/usr\/s?bin)$/, '$1'), name))
      .find((path) => existsSync(path))
  const quiet = { stdio: 'ignore' } as const
  if (find('mosquitto') === undefined && userInfo().uid === 0) {
    const install = () =>
      execFileSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'mosquitto', 'openssl'], quiet)
    try {
      install()
    } catch {
      // A fresh machine has no package lists yet.
      execFileSync('apt-get', ['update', '-q'], quiet)
      install()
    }
  }
  const [command, passwd] = [find('mosquitto'), find('mosquitto_passwd')]
  if (command !== undefined && passwd !== undefined) return { command, passwd, env: process.env }
  const depends = execFileSync('apt-cache', ['depends', 'mosquitto'], { encoding: 'utf8' })
  const libraries = [...depends.matchAll(/^\s*Depends: (lib[\w.+-]+)$/gm)].map(([, name = '']) => name)
  const root = join(scratch, 'debian')
  mkdirSync(root)
  execFileSync('apt-get', ['download', 'mosquitto', ...libraries], { ...quiet, cwd: root })
  for (const file of readdirSync(root)) execFileSync('dpkg', ['-x', join(root, file), root], quiet)
  const lib = join(root, 'usr/lib')
  const folders = [lib, ...readdirSync(lib).map((name) => join(lib, name))]
  return {
    command: join(root, 'usr/sbin/mosquitto'),
    passwd: join(root, 'usr/bin/mosquitto_passwd'),
    env: { ...process.env, LD_LIBRARY_PATH: folders.join(delimiter) }
  }
}

function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'], env })
  children.add(child)
  child.on('exit', () => children.delete(child))
  return child
}
