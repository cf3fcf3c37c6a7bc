/** Carries out the ideal calls of each question by the SDK's own client, checks the value, and counts tokens and time. */
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { encode } from 'gpt-tokenizer'
import { type Answer, isSame } from './answers.ts'
import { auditQuestions } from './audit-questions.ts'
import { documentQuestions } from './document-questions.ts'
import type { Question } from './question.ts'
import { seriesQuestions } from './series-questions.ts'

export const questions: readonly Question[] = [...documentQuestions, ...seriesQuestions, ...auditQuestions]

export interface Result {
  readonly question: Question
  readonly isRight: boolean
  readonly found: unknown
  /** Of all calls and answers. */
  readonly tokens: number
  readonly milliseconds: number
}

export async function replay(client: Client, question: Question): Promise<Result> {
  const answers: Answer[] = []
  let tokens = 0
  let spent = 0
  for (const [name, given] of question.calls) {
    const args = typeof given === 'function' ? given(answers) : given
    const before = performance.now()
    const { content, isError } = await client.callTool({ name, arguments: { ...args } })
    spent += performance.now() - before
    const [{ text } = { text: '' }] = content as { text: string }[]
    if (isError === true) throw new Error(`${question.ask} ${name} ${JSON.stringify(args)}: ${text}`)
    tokens += countTokens(JSON.stringify({ name, arguments: args })) + countTokens(text)
    answers.push(text.startsWith('{') ? (JSON.parse(text) as Answer) : text)
  }
  const found = question.read(answers)
  return { question, isRight: isSame(found, question.expected), found, tokens, milliseconds: spent }
}

/** What a client without MCP reads: the JSON as the hub answers it. */
export async function fetchRaw(url: string, { raw }: Question): Promise<{ tokens: number; milliseconds: number }> {
  let tokens = 0
  let milliseconds = 0
  for (const path of raw) {
    const before = performance.now()
    const response = await fetch(url + path)
    const text = await response.text()
    milliseconds += performance.now() - before
    if (!response.ok) throw new Error(`${path}: ${text}`)
    tokens += countTokens(path) + countTokens(text)
  }
  return { tokens, milliseconds }
}

export function countTokens(text: string): number {
  return encode(text).length
}
