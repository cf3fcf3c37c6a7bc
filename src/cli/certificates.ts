/** The verb for the certificates of the OPC UA client. */
import type { Config } from '../config/config.ts'
import type { CliVerb } from './verb.ts'

export const certificates: CliVerb = {
  does: 'lists, makes, trusts and rejects the certificates by which the hub and OPC UA servers know each other',
  usage: `[list [--json] | create | renew | show | trust THUMBPRINT|FILE | reject THUMBPRINT|FILE | remove THUMBPRINT]
         [--url URL [--token-file FILE]]: those of a running hub; else those in the folder of the data directory
         a server that is not trusted is rejected, and listed with its thumbprint; show prints the hub's own, for servers`,
  settings: /^(DATA_DIR|OPCUA_CERTIFICATES)$/,
  run: runCertificates,
  takesFiles: true
}

async function runCertificates(
  config: Config,
  extra: ReadonlyMap<string, string>,
  words: readonly string[]
): Promise<void> {
  const { certificates } = await import('../commands/certificates.ts')
  const { certificateDirectory } = await import('../app/certificates.ts')
  console.log(await certificates(certificateDirectory(config), words, extra))
}
