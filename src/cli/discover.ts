/** The verb that describes a machine by looking at it. */
import { writeFile } from 'node:fs/promises'
import type { Config } from '../config/config.ts'
import { type CliVerb, UsageError } from './verb.ts'

export const discover: CliVerb = {
  does: 'browses an OPC UA server and writes what it finds as submodels, ready to be edited and loaded',
  usage: `opcua://HOST:PORT [--output FILE.json] [--id-base IRI] [--sampling SECONDS] [--security none|MODE:POLICY]
       [--user-file FILE [--secret NAME]]
         writes an Asset Interfaces Description, a Mapping Configuration, OperationalData and concept descriptions`,
  settings: /^(DATA_DIR|OPCUA_CERTIFICATES)$/,
  run: runDiscover,
  takesFiles: true
}

async function runDiscover(
  config: Config,
  extra: ReadonlyMap<string, string>,
  [address, ...others]: readonly string[]
): Promise<void> {
  if (address === undefined || others.length > 0 || !/^opc(?:ua|\.tcp):/i.test(address)) {
    throw new UsageError(`Usage: aas-hub discover ${discover.usage}`)
  }
  const { discoverOpcua } = await import('../commands/discover-opcua.ts')
  const { certificateDirectory } = await import('../app/certificates.ts')
  const { environment, summary } = await discoverOpcua(address, extra, certificateDirectory(config))
  for (const line of summary) console.error(line)
  const text = `${JSON.stringify(environment, null, 2)}\n`
  const output = extra.get('output')
  if (output === undefined) process.stdout.write(text)
  else await writeFile(output, text)
}
