/** The verb that describes a machine by looking at it. */
import { writeFile } from 'node:fs/promises'
import type { DiscoveredFile } from '../commands/discover-opcua.ts'
import type { Config } from '../config/config.ts'
import { type CliVerb, UsageError } from './verb.ts'

export const discover: CliVerb = {
  does: 'browses an OPC UA server, or reads the list of registers of a Modbus device, and writes submodels, ready to be edited and loaded',
  usage: `opcua://HOST:PORT [--output FILE.json] [--id-base IRI] [--sampling SECONDS] [--security none|MODE:POLICY]
       [--user-file FILE [--secret NAME]]
       aas-hub discover modbus [modbus+tcp://HOST:PORT] --map FILE.csv [--output FILE.json] [--id-base IRI]
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
  const isModbus = address === 'modbus'
  if (
    address === undefined ||
    others.length > (isModbus ? 1 : 0) ||
    !(isModbus || /^opc(?:ua|\.tcp):/i.test(address))
  ) {
    throw new UsageError(`Usage: aas-hub discover ${discover.usage}`)
  }
  const { environment, summary } = await (isModbus ? modbus(others[0], extra) : opcua(config, address, extra))
  for (const line of summary) console.error(line)
  const text = `${JSON.stringify(environment, null, 2)}\n`
  const output = extra.get('output')
  if (output === undefined) process.stdout.write(text)
  else await writeFile(output, text)
}

async function modbus(address: string | undefined, extra: ReadonlyMap<string, string>): Promise<DiscoveredFile> {
  const { discoverModbus } = await import('../commands/discover-modbus.ts')
  return discoverModbus(address, extra)
}

async function opcua(config: Config, address: string, extra: ReadonlyMap<string, string>): Promise<DiscoveredFile> {
  const { discoverOpcua } = await import('../commands/discover-opcua.ts')
  const { certificateDirectory } = await import('../app/certificates.ts')
  return discoverOpcua(address, extra, certificateDirectory(config))
}
