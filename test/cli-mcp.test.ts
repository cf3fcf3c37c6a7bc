/** `aas-hub mcp`, started by the client of the SDK. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import t, { type Test } from 'tap'
import { OPERATIONAL_DATA, plant } from '../scripts/demo/plant.ts'
import { startGuarded } from './e2e/access-fixture.ts'
import { testDirectory } from './test-directory.ts'

const CLI = new URL('../src/cli.ts', import.meta.url).pathname

async function agent(t: Test, args: readonly string[]): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' })
  t.teardown(() => client.close())
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: [CLI, 'mcp', ...args], stderr: 'ignore' })
  )
  return client
}

async function answer(client: Client, name: string, args: Record<string, unknown>) {
  const { content, isError } = await client.callTool({ name, arguments: args })
  return { text: (content as { text: string }[])[0]?.text ?? '', isError }
}

t.test('the tools work over stdin and stdout at a hub that is named, by the rights of the key', async (t) => {
  const directory = testDirectory(t, { 'plant.json': JSON.stringify(plant()) })
  const PRELOAD = join(directory, 'plant.json')
  const { hub, keys } = await startGuarded(t, { auditor: { role: 'auditor' } }, undefined, { PRELOAD })
  const file = join(directory, 'key')
  writeFileSync(file, `${keys.auditor}\n`)
  const client = await agent(t, ['--url', hub.url, '--token-file', file, '--mcp-writes', 'true'])
  const element = { submodel: OPERATIONAL_DATA, path: 'CycleTime' }
  const { text } = await answer(client, 'read_values', { submodel: [OPERATIONAL_DATA], path: ['CycleTime'] })
  t.same(JSON.parse(text).rows, [['InjectionMouldingMachine01', 'CycleTime', 12.4, 's', null]])
  t.match(await answer(client, 'export_link', { kind: 'chart', submodel: [OPERATIONAL_DATA] }), {
    text: `${hub.url}/#/plant`
  })
  const refused = await answer(client, 'write_value', { ...element, value: 1 })
  t.match(refused, { isError: true, text: /Not allowed: .*Next: the caller has no right/ })
  t.equal((await client.listResources()).resources.length, 3)
})

t.test('a hub that does not answer, or knows no such key, is reported to the agent in a sentence', async (t) => {
  const nowhere = await agent(t, ['--url', 'http://127.0.0.1:1'])
  t.match(await answer(nowhere, 'find', {}), { isError: true, text: /does not answer \(.*\): is the hub running/ })
  const { hub } = await startGuarded(t, { auditor: { role: 'auditor' } })
  const stranger = await agent(t, ['--url', hub.url])
  t.match(await answer(stranger, 'find', {}), { isError: true, text: /Not authenticated.*Next: give the client a key/ })
})
