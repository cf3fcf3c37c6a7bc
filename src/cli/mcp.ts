/** `aas-hub mcp`. */
import { VERSION } from '../app/version.ts'
import type { Config } from '../config/config.ts'
import { type CliVerb, UsageError } from './verb.ts'

export const mcp: CliVerb = {
  does: 'serves the tools of MCP over stdin and stdout, for agents that start it themselves, at any hub',
  usage: `--url URL [--token-file FILE] [--mcp-writes true]
         the key may also be in AAS_HUB_KEY; what agents may read and write is what its rights allow`,
  settings: /^(API_PREFIX|MCP_WRITES)$/,
  run: runMcp
}

async function runMcp({ API_PREFIX, MCP_WRITES }: Config, extra: ReadonlyMap<string, string>): Promise<void> {
  const { hubAddressOf } = await import('../commands/hub-request.ts')
  const { serveMcp } = await import('../commands/mcp.ts')
  const hub = await hubAddressOf(extra)
  if (hub === undefined) throw new UsageError(`Usage: aas-hub mcp ${mcp.usage}`)
  await serveMcp({ hub, apiPrefix: API_PREFIX, writes: MCP_WRITES, version: VERSION })
}
