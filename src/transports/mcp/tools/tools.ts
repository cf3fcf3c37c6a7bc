/** All tools, and what is answered where one fails. */
import { HubError } from '../../../errors.ts'
import { RefusedByHub, Unanswerable } from '../hub/requests.ts'
import { checkCollection, checkValidation } from './audits.ts'
import { describe } from './describe.ts'
import { exportLink } from './export-link.ts'
import { find } from './find.ts'
import { querySeries } from './query-series.ts'
import { readValues } from './read-values.ts'
import { seriesGaps } from './series-gaps.ts'
import { seriesPeriods } from './series-periods.ts'
import { seriesStatistics } from './series-statistics.ts'
import { type Tool, type ToolContext, WrongArguments } from './tool.ts'
import { invokeOperation, pushSamples, writeValue } from './writes.ts'

const readingTools: readonly Tool[] = [
  find,
  describe,
  readValues,
  querySeries,
  seriesStatistics,
  seriesPeriods,
  seriesGaps,
  checkValidation,
  checkCollection,
  exportLink
]

const writingTools: readonly Tool[] = [writeValue, pushSamples, invokeOperation]

export function toolsOf(writes: boolean): readonly Tool[] {
  return writes ? [...readingTools, ...writingTools] : readingTools
}

/** UTF-16 code units of an answer: some ten thousand tokens. */
const MAX_ANSWER = 40_000

export interface ToolAnswer {
  readonly text: string
  readonly isError: boolean
}

/** Never throws for what a caller can do something about. */
export async function callTool(tool: Tool, context: ToolContext, args: unknown): Promise<ToolAnswer> {
  try {
    const answer = await tool.call(context, args)
    const text = typeof answer === 'string' ? answer : JSON.stringify(answer)
    if (text.length <= MAX_ANSWER) return { text, isError: false }
    return failed(
      `The answer would have ${text.length} characters, at most ${MAX_ANSWER} are given: lower "limit" or "points", or select fewer`
    )
  } catch (error) {
    return failed(describeFailure(error, tool))
  }
}

function failed(text: string): ToolAnswer {
  return { text, isError: true }
}

/** What is wrong, and what to do next. @throws anything that is a fault of the hub */
function describeFailure(error: unknown, { name, writes }: Tool): string {
  if (error instanceof Unanswerable) return error.message
  if (error instanceof WrongArguments) return `The arguments of ${name} are wrong: ${error.message}`
  // Of paths and patterns, which are parsed here, and of a hub that does not answer.
  if (error instanceof HubError) return error.message
  if (!(error instanceof RefusedByHub)) throw error
  const { message, status, retryAfter } = error
  switch (status) {
    case 401:
      return `${message}. Next: give the client a key or token of this hub; repeating does not help`
    case 403:
      return `${message}. Next: the caller has no right to this; ask an administrator for it, or look elsewhere`
    case 404:
      return `${message}. Next: "find" by a part of its name, or "describe" the submodel for its paths; what you may not read does not exist for you`
    case 429:
    case 503:
      return `${message}. Next: wait ${retryAfter ?? 'some'} seconds and repeat the same call`
    default:
      return status < 500
        ? `${message}. Next: ${writes ? '"describe" shows type and arguments of the element' : 'correct the argument and repeat'}`
        : message
  }
}
