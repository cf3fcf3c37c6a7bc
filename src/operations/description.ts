/** GET /description: what this server can do, by the profiles of Part 2. */
import type { Handler } from './hub.ts'

export const getSelfDescription: Handler = async (hub) => ({ status: 200, json: { profiles: hub.profiles } })
