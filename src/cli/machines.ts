/** Verbs for what is read from machines. */
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { type CliVerb, UsageError } from './verb.ts'

export const connect: CliVerb = {
  does: 'lists the connections of a hub to machines, starts and stops them, and tests them: each item is read once; test also reads what files describe',
  usage: `list|test|start|stop --url URL [--token-file FILE] [CONNECTION…] [--json]
       aas-hub connect test FILE.json… --collect-targets HOST:PORT,… [--collect-secrets FOLDER] [--json]
         CONNECTION: id of a connection, or idShort of its interface; without one all are meant`,
  settings: /^(COLLECT_(TARGETS|SECRETS)|DATA_DIR|OPCUA_CERTIFICATES)$/,
  run: runConnect,
  takesFiles: true
}

export const collect: CliVerb = {
  does: 'reads machines beside the hub, where their network must not reach it: descriptions come from the hub, samples wait on disk while it is not reached',
  usage: `--hub URL [--token-file FILE] --collect-targets HOST:PORT,… [--data-dir FOLDER]
         the key may also be in AAS_HUB_KEY; it needs to read submodels and to push samples`,
  settings: /^(COLLECT_(TARGETS|SECRETS|BUFFER)|DATA_DIR|API_PREFIX|OPCUA_CERTIFICATES|LOG_(LEVEL|FORMAT))$/,
  run: runCollect
}

async function runCollect(config: Config, extra: ReadonlyMap<string, string>): Promise<void> {
  const { collectAtEdge } = await import('../commands/collect.ts')
  const { hubAddressOf } = await import('../commands/hub-request.ts')
  const { certificateDirectory } = await import('../app/certificates.ts')
  const { logOptions } = await import('../app/logging.ts')
  const { default: fastify } = await import('fastify')
  const url = extra.get('hub')
  const hub = url === undefined ? undefined : await hubAddressOf(new Map([...extra, ['url', url]]))
  if (hub === undefined) throw new UsageError(`Usage: aas-hub collect ${collect.usage}`)
  const edge = await collectAtEdge({
    ...{ hub, apiPrefix: config.API_PREFIX, directory: join(config.DATA_DIR, 'edge'), limit: config.COLLECT_BUFFER },
    ...{ targets: config.COLLECT_TARGETS, secrets: config.COLLECT_SECRETS, certificates: certificateDirectory(config) },
    log: fastify({ logger: await logOptions(config) }).log
  })
  const stop = () => void edge.close()
  process.once('SIGTERM', stop).once('SIGINT', stop)
}

async function runConnect(config: Config, extra: ReadonlyMap<string, string>, words: readonly string[]): Promise<void> {
  const command = await import('../commands/connect.ts')
  const { certificateDirectory } = await import('../app/certificates.ts')
  const { COLLECT_SECRETS: secrets, COLLECT_TARGETS: targets } = config
  const options = { secrets, targets, certificates: certificateDirectory(config) }
  if (!(await command.connect(extra, words, options))) process.exitCode = 1
}
