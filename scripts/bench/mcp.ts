/** The tools of MCP: tokens and time of each question of the evaluation, beside the JSON that answers it without them. */
import { readFile, writeFile } from 'node:fs/promises'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { openEvaluation } from '../mcp-evaluation/hub.ts'
import { countTokens, fetchRaw, questions, replay } from '../mcp-evaluation/replay.ts'
import { flags } from './flags.ts'
import { lines, wanted, whole } from './measure.ts'
import { median } from './statistics.ts'

interface QuestionFigures {
  readonly ask: string
  readonly calls: string
  readonly tokens: number
  readonly milliseconds: number
  readonly rawTokens: number
  readonly rawMilliseconds: number
}

const TURNS = flags.quick ? 2 : 5
const PAGE = new URL('../../docs/mcp.md', import.meta.url)
const MARKED = /(?<=<!-- evaluation -->\n).*(?=<!-- end of evaluation -->)/s

/** @param folder creates a folder for data */
export async function agents(folder: (name: string) => Promise<string>): Promise<void> {
  if (!wanted('mcp')) return
  const hub = await openEvaluation(await folder('mcp'))
  const client = new Client({ name: 'bench', version: '1' })
  await client.connect(new StreamableHTTPClientTransport(new URL(`${hub.url}/mcp`)))
  const tools = countTokens(JSON.stringify((await client.listTools()).tools))
  const all: QuestionFigures[] = []
  for (const question of questions) {
    const [times, raw]: [number[], number[]] = [[], []]
    let [tokens, rawTokens] = [0, 0]
    for (let turn = 0; turn <= TURNS; turn++) {
      const result = await replay(client, question)
      if (!result.isRight) throw new Error(`${question.ask} was answered by ${JSON.stringify(result.found)}`)
      const fetched = await fetchRaw(hub.url, question)
      ;[tokens, rawTokens] = [result.tokens, fetched.tokens]
      // The first of both warms up.
      if (turn === 0) continue
      times.push(result.milliseconds)
      raw.push(fetched.milliseconds)
    }
    const calls = question.calls.map(([name]) => name).join(', ')
    const { ask } = question
    all.push({ ask, calls, tokens, milliseconds: median(times), rawTokens, rawMilliseconds: median(raw) })
  }
  await client.close()
  await hub.close()
  report(all)
  if (flags.write === true) await writeTable(all, tools)
}

function report(all: readonly QuestionFigures[]): void {
  const each = (member: Exclude<keyof QuestionFigures, 'ask' | 'calls'>) => all.map((one) => one[member])
  const worst = (figures: readonly number[]) => Math.max(...figures)
  for (const [name, of] of [
    ['median', median],
    ['worst', worst]
  ] as const) {
    const [ours, theirs] = [of(each('tokens')), of(each('rawTokens'))]
    lines.push({
      workload: `tokens of a question of the MCP evaluation, ${name}; baseline: the JSON of the API`,
      ...{ hub: whole(ours), baseline: whole(theirs), ratio: (ours / theirs).toFixed(3), goal: '≤ 0.2' },
      met: ours <= 0.2 * theirs ? 'yes' : 'no'
    })
  }
  for (const [name, of] of [
    ['median', median],
    ['worst', worst]
  ] as const) {
    const [ours, theirs] = [of(each('milliseconds')), of(each('rawMilliseconds'))]
    lines.push({
      workload: `time of a question of the MCP evaluation, ${name}; baseline: the JSON of the API`,
      ...{ hub: `${ours.toFixed(1)} ms`, baseline: `${theirs.toFixed(1)} ms`, ratio: (ours / theirs).toFixed(2) },
      ...{ goal: '–', met: '–' }
    })
  }
}

async function writeTable(all: readonly QuestionFigures[], tools: number): Promise<void> {
  const rows = all.map(
    ({ ask, calls, tokens, milliseconds, rawTokens, rawMilliseconds }) =>
      `| ${ask} | ${calls} | ${whole(tokens)} | ${milliseconds.toFixed(0)} ms | ${whole(rawTokens)} | ${rawMilliseconds.toFixed(0)} ms |`
  )
  const figures = (member: 'tokens' | 'rawTokens') => all.map((one) => one[member])
  const text = [
    '',
    `Median ${whole(median(figures('tokens')))} tokens, at most ${whole(Math.max(...figures('tokens')))}; by the API ${whole(median(figures('rawTokens')))}, at most ${whole(Math.max(...figures('rawTokens')))}. The list of tools has ${whole(tools)}.`,
    '',
    '| Question | Calls | Tokens | Time | Tokens of the JSON | Time |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    ''
  ].join('\n')
  await writeFile(
    PAGE,
    (await readFile(PAGE, 'utf8')).replace(MARKED, () => text)
  )
}
