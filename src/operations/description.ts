/** GET /description: what a service can do, by the profiles of Part 2. */
import type { Handler } from './hub.ts'

export const getSelfDescription: Handler = async (hub, call) => ({
  status: 200,
  json: { profiles: hub.profiles[call.service ?? 'hub'] }
})
