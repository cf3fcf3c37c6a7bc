/**
 * Chooses the executor of an Operation: a JavaScript function registered by the operator, an HTTP endpoint named by a
 * qualifier of the operation if the operator allows it, or a built-in. By default there is none.
 */
import { HubError } from '../../errors.ts'
import type { Executor, FindBuiltIn, FindExecutor } from './executor.ts'
import { DELEGATION, delegate, isAllowed } from './http-delegation.ts'

/**
 * @param targets URL prefixes that operations may be delegated to; none by default (no server-side request forgery)
 * @param functions by `submodelId/idShortPath` or by the first key of the operation's semanticId
 * @param builtIn for operations with neither a function nor an endpoint
 */
export function executorFinder(
  targets: readonly string[],
  functions: ReadonlyMap<string, Executor>,
  builtIn: FindBuiltIn = () => undefined
): FindExecutor {
  return (operation, submodelId, path) => {
    const semanticId = operation.semanticId?.keys?.[0]?.value
    const registered = functions.get(`${submodelId}/${path}`) ?? functions.get(semanticId ?? '')
    if (registered !== undefined) return registered
    const endpoint = operation.qualifiers?.find((qualifier) => qualifier.type === DELEGATION)?.value
    if (endpoint === undefined) {
      const executor = builtIn(operation, submodelId)
      if (executor !== undefined) return executor
      throw new HubError('BadRequest', [
        `The operation "${path}" has no implementation: no function is registered for it and it has no qualifier "${DELEGATION}"`
      ])
    }
    if (!targets.some((target) => isAllowed(endpoint, target))) {
      throw new HubError('BadRequest', [
        `The operation "${path}" names an endpoint that this server may not call; the operator allows targets by OPERATION_TARGETS`
      ])
    }
    return (args, signal) => delegate(endpoint, operation, args, signal)
  }
}
