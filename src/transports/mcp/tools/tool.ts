/** What a tool of MCP is, and the arguments that several tools have. */
import { z } from 'zod'
import type { Clock } from '../../../clock.ts'
import type { HubRequests } from '../hub/requests.ts'

export interface ToolContext {
  readonly hub: HubRequests
  readonly clock: Pick<Clock, 'milliseconds'>
}

export interface ToolDefinition<Input extends z.ZodObject> {
  /** As clients call it. */
  readonly name: string
  readonly title: string
  readonly description: string
  readonly input: Input
  /** It changes or starts something: offered only where that is switched on. */
  readonly writes?: true
  /** @returns text as it is; anything else is written as JSON @throws RefusedByHub, Unanswerable */
  run(context: ToolContext, args: z.infer<Input>): Promise<unknown>
}

/** With arguments that are not checked yet. */
export interface Tool extends Omit<ToolDefinition<z.ZodObject>, 'run'> {
  call(context: ToolContext, args: unknown): Promise<unknown>
}

/** The arguments are wrong; one sentence for each. */
export class WrongArguments extends Error {}

export function tool<Input extends z.ZodObject>(definition: ToolDefinition<Input>): Tool {
  const { run, ...rest } = definition
  return {
    ...rest,
    call: async (context, args) => {
      const parsed = definition.input.safeParse(args)
      if (!parsed.success) throw new WrongArguments(reasonsIn(parsed.error))
      return run(context, parsed.data)
    }
  }
}

function reasonsIn({ issues }: z.ZodError): string {
  const each = issues.map(({ path, message }) => (path.length === 0 ? message : `"${path.join('.')}": ${message}`))
  return each.join('; ').slice(0, MAX_REASONS)
}

const MAX_REASONS = 500

// ---- arguments that several tools have

const names = (means: string) => z.array(z.string().min(1).max(2048)).min(1).max(MAX_NAMES).optional().describe(means)

/** Names in one list of a call. */
const MAX_NAMES = 50

/** Elements of the plant. */
export const selection = {
  machine: names('Shells by idShort, id or asset id'),
  submodel: names('Submodels by id or idShort'),
  path: names('idShortPaths; * is one step, ** any number'),
  semanticId: names('Meaning of the elements: id or idShort of the concept, over all machines')
}

export const language = z.string().max(35).optional().describe('Language of names, e.g. ko; default en')

export const period = {
  from: z.string().max(40).optional().describe('Start: ISO 8601, a day, now-7d, today, or the last monday … sunday'),
  to: z.string().max(40).optional().describe('End; default now'),
  timezone: z
    .string()
    .max(100)
    .optional()
    .describe('Zone of days and of times in the answer, e.g. Asia/Seoul; default UTC')
}

export const limit = (most: number, usual: number) =>
  z.int().min(1).max(most).default(usual).describe(`At most ${most}`)

export const cursor = z.string().max(200).optional().describe('"next" of the answer before')
