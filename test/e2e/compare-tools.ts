/** What `/series` lists, and what the tools of MCP answer, for a caller: the series that it may read. */
import type { Test } from 'tap'
import type { Running } from './harness.ts'
import { type McpClient, mcpClient } from './mcp-client.ts'

interface Asking {
  readonly hub: Running
  readonly ids: readonly string[]
  readonly headers: Record<string, string>
  /** As `0/Aa`: the place of the submodel in `ids`, and the path. */
  readonly expected: readonly string[]
}

export async function compareSeries(t: Test, { hub, ids, headers, expected }: Asking): Promise<void> {
  const found: string[] = []
  for (const [index, id] of ids.entries()) {
    const { status, json } = await hub.get(`${hub.url}/series?submodel=${id}`, headers)
    if (status === 200) found.push(...json.result.map(({ path }: { path: string }) => `${index}/${path}`))
  }
  t.strictSame(found.sort(), expected)
}

/** Each tool that shows series or values, by itself. @param paths of the series */
export async function compareTools(t: Test, asking: Asking, paths: readonly string[]): Promise<void> {
  const { hub, ids, headers, expected } = asking
  const agent = await mcpClient(t, hub, headers).catch(() => undefined)
  if (agent === undefined) return void t.strictSame(expected, [])
  const shown: Readonly<Record<string, (agent: McpClient, id: string) => Promise<string[]>>> = {
    query_series: async ({ call }, id) => {
      const { json } = await call('query_series', { submodel: [id] })
      const changes = (json?.changes ?? []) as { path: string }[]
      const numbers = ((json?.columns ?? []) as string[]).slice(1).map((name) => name.slice(name.indexOf('/') + 1))
      return [...changes.map(({ path }) => path), ...numbers]
    },
    series_gaps: async ({ call }, id) => {
      const { json } = await call('series_gaps', { submodel: [id] })
      return (json?.series ?? []).map(({ path }: { path: string }) => path)
    },
    read_values: async ({ call }, id) => {
      const { json } = await call('read_values', { submodel: [id] })
      const at = json?.columns.indexOf('path')
      return (json?.rows ?? []).map((row: unknown[]) => String(row[at]))
    }
  }
  for (const [tool, pathsOf] of Object.entries(shown)) {
    const found: string[] = []
    for (const [index, id] of ids.entries())
      found.push(...(await pathsOf(agent, id)).filter((path) => paths.includes(path)).map((path) => `${index}/${path}`))
    t.strictSame(found.sort(), expected, tool)
  }
}
