/** GET /description: the profiles of Part 2 that a service implements. */
import type { OperationHandler } from './operation-context.ts'

export const getSelfDescription: OperationHandler = async (context, request) => ({
  status: 200,
  json: { profiles: context.profiles[request.service ?? 'hub'] }
})
