/** `discover modbus --map FILE.csv`: writes the list of registers of a manual as submodels, ready to be edited and loaded. */
import { readFile, stat } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { describeDevice, sentenceOf } from '../collectors/modbus/discover.ts'
import { HubError } from '../errors.ts'
import { toIdShort } from '../operations/asset-interfaces/describe/interface-draft.ts'
import type { DiscoveredFile } from './discover-opcua.ts'

const MAX_BYTES = 16 * 2 ** 20
/** To be edited; reserved for examples (RFC 5737). */
const PLACEHOLDER = 'modbus+tcp://192.0.2.1:502'

/** @throws HubError `BadRequest` with the file, its rows, and what is wrong in each */
export async function discoverModbus(
  address: string | undefined,
  flags: ReadonlyMap<string, string>
): Promise<DiscoveredFile> {
  const file = flags.get('map')
  if (file === undefined) throw new HubError('BadRequest', ['discover modbus needs --map with the list of registers'])
  const title = basename(file, extname(file))
  const ids = (flags.get('id-base') ?? `urn:modbus:${toIdShort(title)}`).replace(/\/$/, '')
  const base = address ?? PLACEHOLDER
  try {
    if ((await stat(file)).size > MAX_BYTES) throw new Error(`it is larger than ${MAX_BYTES / 2 ** 20} MiB`)
    const { environment, registers, problems } = describeDevice(await readFile(file), { base, ids, title })
    if (problems.length > 0) throw new Error(sentenceOf(problems))
    const summary = [
      `${registers} registers of ${file}`,
      address === undefined
        ? `The address of the machine has to be written into EndpointMetadata.base, which is ${PLACEHOLDER}`
        : `A hub reads it when it is started with --collect-targets ${base.replace(/^.*:\/\//, '')}`
    ]
    return { environment, summary }
  } catch (error) {
    throw new HubError('BadRequest', [`${file}: ${(error as Error).message}`])
  }
}
