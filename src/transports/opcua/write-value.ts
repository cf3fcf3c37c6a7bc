/** Writes a value as its PATCH over HTTP does: with the same right, to the machine that it is mapped to, and audited. */
import { HubError } from '../../errors.ts'
import { encodeId } from '../../model/identifier.ts'
import { parseStoredPath } from '../../model/path.ts'
import { handlers } from '../../operations/handlers.ts'
import { endpoints } from '../../operations/mounts.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import { accessToEndpoint, requireRight, SubjectContext } from '../../operations/subject-context.ts'
import type { Access } from '../../security/access.ts'
import { requestPaths } from '../../security/target.ts'
import type { ElementName, WriteOutcome } from './messages.ts'

const NAME = 'PatchSubmodelElementByPath'

const endpoint = endpoints.find(
  ({ definition, content, mount }) =>
    definition.name === NAME && content === 'value' && mount.path === '/submodels/{submodelIdentifier}'
)

export interface WriteParts {
  readonly hub: OperationContext
  readonly apiPrefix: string
  /** Undefined: the hub is open. */
  readonly access: Access | undefined
}

/** @param member of a Range `min` or `max`, else `value` */
export async function writeValue(
  { hub, apiPrefix, access }: WriteParts,
  { submodel, path }: ElementName,
  member: string,
  value: unknown
): Promise<WriteOutcome> {
  const idShortPath = parseStoredPath(path)
  if (idShortPath === undefined || endpoint === undefined) return 'absent'
  const mount = `/submodels/${encodeId(submodel)}`
  const request = {
    ...({
      definition: endpoint.definition,
      content: 'value',
      submodelIdentifier: submodel,
      idShortPath,
      mount
    } as const),
    ...{ query: { limit: 1 }, accept: ['*/*'], base: '', body: member === 'value' ? value : { [member]: value } }
  }
  try {
    const context =
      access === undefined
        ? hub
        : await contextOf(
            hub,
            access.at(requestPaths(`${apiPrefix}${mount}/submodel-elements/${path}/$value`, apiPrefix))
          )
    await handlers[NAME](context, request)
    return 'written'
  } catch (error) {
    return error instanceof HubError ? (OUTCOMES[error.name] ?? 'failed') : 'failed'
  }
}

async function contextOf(hub: OperationContext, access: Access): Promise<OperationContext> {
  if (endpoint === undefined) return hub
  const guard = accessToEndpoint(endpoint)
  await requireRight(access, guard.required, guard.questions)
  return new SubjectContext(hub, access, guard).context
}

const OUTCOMES: Partial<Record<HubError['name'], WriteOutcome>> = {
  NotFound: 'absent',
  Unauthorized: 'refused',
  Forbidden: 'refused',
  BadRequest: 'unfit',
  Invalid: 'unfit'
}
