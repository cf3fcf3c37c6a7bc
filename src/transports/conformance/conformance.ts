/** `POST /validate`: checks a file against a profile of rules. Nothing of it is stored. */
import type { FastifyInstance } from 'fastify'
import { HubError } from '../../errors.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import { acceptFiles } from '../http/body.ts'
import { serve } from '../http/extension-endpoint.ts'
import { conformanceEndpoint } from './endpoint.ts'

export interface ConformanceRoutesOptions {
  readonly hub: Pick<OperationContext, 'scratchFolder' | 'uploadLimit' | 'uploadSpace' | 'templates'>
  readonly apiPrefix: string
}

/** All documents of a file are in memory while it is checked. */
const MAX_CHECKS = 2

export async function conformance(app: FastifyInstance, { hub, apiPrefix }: ConformanceRoutesOptions): Promise<void> {
  const checks = { inProgress: 0 }
  await app.register(async (scope) => {
    await acceptFiles(scope)
    serve(scope, apiPrefix, conformanceEndpoint, {
      post: async (received) => {
        if (checks.inProgress >= MAX_CHECKS)
          throw new HubError('Unavailable', [`${MAX_CHECKS} files are being checked already; try again in a moment`])
        checks.inProgress++
        try {
          const { checkUpload } = await import('./check-upload.ts')
          return await checkUpload(hub, received)
        } finally {
          checks.inProgress--
        }
      }
    })
  })
}
