/** Verbs for what is read from machines. */
import type { Config } from '../config/config.ts'
import type { CliVerb } from './verb.ts'

export const connect: CliVerb = {
  does: 'lists the connections of a hub to machines, starts and stops them, and tests them: each item is read once; test also reads what files describe',
  usage: `list|test|start|stop --url URL [--token-file FILE] [CONNECTION…] [--json]
       aas-hub connect test FILE.json… --collect-targets HOST:PORT,… [--collect-secrets FOLDER] [--json]
         CONNECTION: id of a connection, or idShort of its interface; without one all are meant`,
  settings: /^(COLLECT_(TARGETS|SECRETS)|DATA_DIR|OPCUA_CERTIFICATES)$/,
  run: runConnect,
  takesFiles: true
}

async function runConnect(config: Config, extra: ReadonlyMap<string, string>, words: readonly string[]): Promise<void> {
  const command = await import('../commands/connect.ts')
  const { certificateDirectory } = await import('../app/certificates.ts')
  const { COLLECT_SECRETS: secrets, COLLECT_TARGETS: targets } = config
  const options = { secrets, targets, certificates: certificateDirectory(config) }
  if (!(await command.connect(extra, words, options))) process.exitCode = 1
}
