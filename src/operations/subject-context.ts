/** What operations work with on behalf of one caller: its rights on an endpoint, and the store as it may use it. */
import { HubError } from '../errors.ts'
import { parseStoredPath } from '../model/path.ts'
import type { Submodel } from '../model/types.ts'
import type { Access } from '../security/access.ts'
import { type MaybePromise, whenReady } from '../security/maybe-promise.ts'
import { describeRight, type RequiredRight, type Right, rightsOf } from '../security/rights.ts'
import type { DocumentKind } from '../security/rule.ts'
import { readingStore, type SubjectStore, writingStore } from '../security/subject-store.ts'
import { WriteAuthorizer } from '../security/write-authorizer.ts'
import { unlessDamaged } from '../store/damage.ts'
import type { ApiRequest } from './api-request.ts'
import type { ApiEndpoint } from './mounts.ts'
import type { OperationContext } from './operation-context.ts'
import { isReadOnly, kindsOf, rightOf, targetsOf } from './required-right.ts'

/**
 * Whether a caller may use an endpoint at all: some rule grants it the right on some of what the endpoint acts on. What it
 * may access of it is decided document by document.
 *
 * @throws HubError `Forbidden`; `Unauthorized` if the caller is anonymous
 */
export function requireRight(
  access: Access,
  required: RequiredRight,
  kinds: readonly DocumentKind[]
): MaybePromise<void> {
  const questions = rightsOf(required).flatMap((right) =>
    (kinds.length === 0 ? [undefined] : kinds).map((kind) => [right, kind] as const)
  )
  if (questions.length === 0) return
  return ask(0)

  function ask(index: number): MaybePromise<void> {
    const [right, kind] = questions[index] ?? []
    if (right === undefined) throw refused(access, describeRight(required))
    return whenReady(access.ofKind(right, kind), (is) => (is === 'refused' ? ask(index + 1) : undefined))
  }
}

/** @throws HubError as `requireRight` */
export function requireEndpoint(access: Access, endpoint: ApiEndpoint): MaybePromise<void> {
  return requireRight(access, rightOf(endpoint), kindsOf(endpoint))
}

/** A caller without credentials is asked for them. */
function refused(access: Access, what: string): HubError {
  return access.caller.authentication === 'none'
    ? new HubError('Unauthorized', ['credentials are missing'])
    : new HubError('Forbidden', [what])
}

/** The context of one request. */
export class SubjectContext {
  readonly context: OperationContext
  readonly #view: SubjectStore
  #hasHidden = false

  constructor(hub: OperationContext, access: Access, endpoint: ApiEndpoint) {
    const required = rightOf(endpoint)
    const right = isReadOnly(endpoint.definition) && required !== 'VIEW' ? 'READ' : 'VIEW'
    // Samples in written records of time series are authorized where they are pushed.
    const store = { ...hub.store, commit: hub.commitsOf(access).commit }
    const writer = new WriteAuthorizer({ access, store, stored: hub.stored, right: required })
    this.#view = isReadOnly(endpoint.definition)
      ? readingStore(
          hub.readsOf(access),
          access,
          right,
          endpoint.path.includes('{idShortPath}') ? 'elements' : 'document'
        )
      : writingStore(hub.store, access, rightsOf(required), (changes) => writer.commit(changes))
    const show = async <Content extends { readonly id: string }>(kind: DocumentKind, content: Content) => {
      const shown = (await access.view(right, kind, content.id)).visible(content) as Content | undefined
      if (shown !== content) this.#hasHidden = true
      return shown
    }
    this.context = {
      ...hub,
      store: this.#view.store,
      subject: { access, right, store: hub.store, show, authorize: (changes) => writer.authorize(changes) }
    }
  }

  /** Was something left out of what was read? */
  get hasHidden(): boolean {
    return this.#hasHidden || this.#view.hasHidden
  }
}

/**
 * The error that a caller gets: a document that it may see exists but not read is refused, where one that is hidden is
 * absent; and an anonymous caller is asked for credentials.
 */
export async function refusalFor(
  error: unknown,
  { store }: OperationContext,
  access: Access,
  endpoint: ApiEndpoint,
  request: ApiRequest
): Promise<unknown> {
  if (!(error instanceof HubError)) return error
  if (error.name === 'Forbidden' && access.caller.authentication === 'none')
    return new HubError('Unauthorized', ['credentials are missing'])
  if (error.name !== 'NotFound' || rightOf(endpoint) !== 'READ') return error
  const { aasIdentifier, submodelIdentifier, cdIdentifier, idShortPath } = request
  const ids = Object.entries({ aasIdentifier, submodelIdentifier, cdIdentifier })
  const params = Object.fromEntries(ids.flatMap(([name, id]) => (id === undefined ? [] : [[name, id]])))
  const [target] = targetsOf(endpoint, params, [])
  const { kind, id } = target ?? {}
  if (kind === undefined || id === undefined) return error
  const document = await unlessDamaged(store.document(kind, id))
  if (document === undefined) return error
  const content = JSON.parse(document.bytes.toString()) as object
  const isVisible = async (right: Right) => {
    const view = await access.view(right, kind, id)
    return idShortPath === undefined
      ? view.visible(content) !== undefined
      : view.visibleElement(content as Submodel, idShortPath) !== undefined
  }
  return (await isVisible('VIEW')) && !(await isVisible('READ')) ? refused(access, `READ of ${kind} "${id}"`) : error
}

/**
 * Requires a right on a stored element.
 * @throws HubError `Forbidden`; `NotFound` if the caller may not see the element
 */
export async function requireOnElement(
  { subject }: OperationContext,
  right: Right,
  submodel: Submodel,
  path: string
): Promise<void> {
  const steps = parseStoredPath(path)
  if (subject === undefined || steps === undefined) return
  const { access } = subject
  if ((await access.view(right, 'Submodel', submodel.id)).visibleElement(submodel, steps) !== undefined) return
  if ((await access.view('VIEW', 'Submodel', submodel.id)).visibleElement(submodel, steps) === undefined) {
    throw new HubError('NotFound', ['SubmodelElement', path])
  }
  throw refused(access, `${right} of "${path}" in Submodel "${submodel.id}"`)
}
