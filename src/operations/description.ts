/** GET /description: what a service can do, by the profiles of Part 2. */
import type { OperationHandler } from './operation-context.ts'

export const getSelfDescription: OperationHandler = async (context, request) => ({
  status: 200,
  json: { profiles: context.profiles[request.service ?? 'hub'] }
})
