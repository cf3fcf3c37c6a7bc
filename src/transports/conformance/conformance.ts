/** `POST /validate` and `POST /repair`: a file against a profile of rules. Nothing of it is stored. */
import type { FastifyInstance } from 'fastify'
import type { MemoryBudget } from '../../memory/budget.ts'
import { type FileMemory, FileTurns } from '../../operations/conformance/file-turns.ts'
import { acceptFiles } from '../http/body.ts'
import { serve } from '../http/extension-endpoint.ts'
import type { ConformanceContext } from './context.ts'
import { conformanceEndpoint, repairEndpoint } from './endpoint.ts'

export interface ConformanceRoutesOptions {
  readonly hub: Omit<ConformanceContext, 'apiPrefix' | 'turns'>
  readonly apiPrefix: string
  readonly plan: FileMemory
  /** Where the memory of checks is noted. */
  readonly memory: MemoryBudget
}

/** The rules and the readers of files are loaded with the first request. */
export async function conformance(
  app: FastifyInstance,
  { hub, apiPrefix, plan, memory }: ConformanceRoutesOptions
): Promise<void> {
  const context = { ...hub, apiPrefix, turns: new FileTurns(plan, memory) }
  await app.register(async (scope) => {
    await acceptFiles(scope)
    serve(scope, apiPrefix, conformanceEndpoint, {
      post: async (received) => (await import('./check-upload.ts')).checkUpload(context, received)
    })
    serve(scope, apiPrefix, repairEndpoint, {
      // The repaired file waits on disk for a slow client, not in memory.
      post: async (received) => (await import('./repair-upload.ts')).repairUpload(context, received)
    })
  })
}
