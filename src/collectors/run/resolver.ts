/** The check of addresses, as sessions call it. */
import { ForbiddenTarget, parseTargets, resolveTarget } from '../../operations/asset-interfaces/targets.ts'
import { CollectorError, type SessionContext } from '../connector.ts'

/** @param list as in the setting `COLLECT_TARGETS` */
export function resolverOf(list: readonly string[]): SessionContext['resolve'] {
  const targets = parseTargets(list.join(','))
  return async (host, port) => {
    try {
      return await resolveTarget(targets, host, port)
    } catch (error) {
      throw new CollectorError((error as Error).message, { isForbidden: error instanceof ForbiddenTarget })
    }
  }
}
