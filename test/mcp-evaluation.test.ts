/** The questions of the evaluation, answered by their ideal calls. `npm run bench -- --only mcp --write` writes the table in docs/mcp.md. */

import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import t from 'tap'
import { openEvaluation } from '../scripts/mcp-evaluation/hub.ts'
import { countTokens, questions, replay } from '../scripts/mcp-evaluation/replay.ts'
import { testDirectory } from './test-directory.ts'

/** Tokens of calls and answers of a question. */
const MEDIAN = 200
const WORST = 1000

t.test('every question is answered by value, in few calls and few tokens', async (t) => {
  const hub = await openEvaluation(testDirectory(t, {}))
  t.teardown(() => hub.close())
  const client = new Client({ name: 'evaluation', version: '1' })
  t.teardown(() => client.close())
  await client.connect(new StreamableHTTPClientTransport(new URL(`${hub.url}/mcp`)))
  t.equal(questions.length, 40)
  const tokens: number[] = []
  for (const question of questions) {
    const result = await replay(client, question)
    t.ok(result.isRight, `${question.ask} ${JSON.stringify({ found: result.found, expected: question.expected })}`)
    t.ok(question.calls.length <= 2, question.ask)
    t.comment(`${result.tokens} tokens, ${result.milliseconds.toFixed(1)} ms: ${question.ask}`)
    tokens.push(result.tokens)
  }
  tokens.sort((one, other) => one - other)
  const [median = 0, worst = 0] = [tokens[20], tokens.at(-1)]
  const tools = countTokens(JSON.stringify(await client.listTools()))
  t.comment(`median ${median}, worst ${worst}, tools ${tools}`)
  t.ok(median <= MEDIAN && worst <= WORST && tools <= 3200, `median ${median}, worst ${worst}, tools ${tools}`)
})
