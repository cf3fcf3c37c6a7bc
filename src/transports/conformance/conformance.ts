/** `POST /validate` and `POST /repair`: a file against a profile of rules. Nothing of it is stored. */
import type { FastifyInstance } from 'fastify'
import { HubError } from '../../errors.ts'
import type { MemoryBudget } from '../../memory/budget.ts'
import { acceptFiles } from '../http/body.ts'
import { serve } from '../http/extension-endpoint.ts'
import type { ConformanceContext } from './context.ts'
import { conformanceEndpoint, repairEndpoint } from './endpoint.ts'

export interface ConformanceRoutesOptions {
  readonly hub: Omit<ConformanceContext, 'apiPrefix' | 'fileHeap'>
  readonly apiPrefix: string
  readonly fileHeap: number
  /** Where the memory of checks is noted. */
  readonly memory: MemoryBudget
}

/** All documents of a file are in memory while it is checked. */
const MAX_CHECKS = 2

/** The rules and the readers of files are loaded with the first request. */
export async function conformance(
  app: FastifyInstance,
  { hub, apiPrefix, fileHeap, memory }: ConformanceRoutesOptions
): Promise<void> {
  const { begin, inProgress } = limitChecks()
  memory.keeps('checked files', () => inProgress() * fileHeap)
  const context = { ...hub, apiPrefix, fileHeap }
  await app.register(async (scope) => {
    await acceptFiles(scope)
    serve(scope, apiPrefix, conformanceEndpoint, {
      post: async (received) => {
        const end = begin()
        try {
          const { checkUpload } = await import('./check-upload.ts')
          return await checkUpload(context, received)
        } finally {
          end()
        }
      }
    })
    serve(scope, apiPrefix, repairEndpoint, {
      post: async (received) => {
        const end = begin()
        try {
          const { repairUpload } = await import('./repair-upload.ts')
          // The repaired file waits on disk for a slow client, not in memory.
          return await repairUpload(context, received, end)
        } finally {
          end()
        }
      }
    })
  })
}

interface Checks {
  /** @throws HubError `Unavailable` @returns ends it; further calls do nothing */
  begin(): () => void
  inProgress(): number
}

function limitChecks(): Checks {
  let inProgress = 0
  const begin = () => {
    if (inProgress >= MAX_CHECKS)
      throw new HubError('Unavailable', [`${MAX_CHECKS} files are being checked already; try again in a moment`])
    inProgress++
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      inProgress--
    }
  }
  return { begin, inProgress: () => inProgress }
}
