/** What operations work with on behalf of one caller: its rights on an endpoint, and the store as it may use it. */
import { HubError } from '../errors.ts'
import { parseStoredPath } from '../model/path.ts'
import type { Submodel } from '../model/types.ts'
import type { Access } from '../security/access.ts'
import { type MaybePromise, whenReady } from '../security/maybe-promise.ts'
import { ReadingView } from '../security/reading-view.ts'
import { describeRight, type RequiredRight, type Right, rightsOf } from '../security/rights.ts'
import type { DocumentKind } from '../security/rule.ts'
import type { ShownPart } from '../security/shown-documents.ts'
import { WriteAuthorizer } from '../security/write-authorizer.ts'
import { WritingView } from '../security/writing-view.ts'
import type { DocumentStore } from '../store/document-store.ts'
import type { Change } from '../store/store.ts'
import type { ApiRequest } from './api-request.ts'
import type { ApiEndpoint } from './mounts.ts'
import type { OperationContext, OperationSubject } from './operation-context.ts'
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
  questions: readonly RightQuestion[]
): MaybePromise<void> {
  return questions.length === 0 ? undefined : ask(0)

  function ask(index: number): MaybePromise<void> {
    const question = questions[index]
    if (question === undefined) throw refused(access, describeRight(required))
    return whenReady(access.ofKind(question.right, question.kind), (is) =>
      is === 'refused' ? ask(index + 1) : undefined
    )
  }
}

/** One of the rights that are enough, on one of the kinds that are acted on. */
export interface RightQuestion {
  readonly right: Right
  readonly kind: DocumentKind | undefined
}

/** @param kinds empty: only rules with the ROUTE of the request grant the right */
export function questionsOf(required: RequiredRight, kinds: readonly DocumentKind[]): readonly RightQuestion[] {
  const about = kinds.length === 0 ? [undefined] : kinds
  return rightsOf(required).flatMap((right) => about.map((kind) => ({ right, kind })))
}

/** A caller without credentials is asked for them. */
function refused(access: Access, what: string): HubError {
  return access.caller.authentication === 'none'
    ? new HubError('Unauthorized', ['credentials are missing'])
    : new HubError('Forbidden', [what])
}

/** What is known of an endpoint before a request. */
export interface EndpointAccess {
  readonly endpoint: ApiEndpoint
  readonly required: RequiredRight
  readonly questions: readonly RightQuestion[]
  /** Does it change or start anything? */
  readonly writes: boolean
  /** By which documents are shown. */
  readonly right: 'READ' | 'VIEW'
  readonly part: ShownPart
}

export function accessToEndpoint(endpoint: ApiEndpoint): EndpointAccess {
  const required = rightOf(endpoint)
  const writes = !isReadOnly(endpoint.definition)
  return {
    ...{ endpoint, required, writes, questions: questionsOf(required, kindsOf(endpoint)) },
    right: writes || required === 'VIEW' ? 'VIEW' : 'READ',
    part: endpoint.path.includes('{idShortPath}') ? 'elements' : 'document'
  }
}

/** The context of one request. */
export class SubjectContext implements OperationSubject {
  readonly context: OperationContext
  readonly access: Access
  readonly right: 'READ' | 'VIEW'
  readonly store: DocumentStore
  readonly #writer: WriteAuthorizer | undefined
  readonly #reads: ReadingView | undefined
  #hasHidden = false

  constructor(hub: OperationContext, access: Access, { required, writes, right, part }: EndpointAccess) {
    this.access = access
    this.right = right
    this.store = hub.store
    if (writes) {
      // Samples in written records of time series are authorized where they are pushed.
      const writer = hub.commitsOf(access)
      this.#writer = new WriteAuthorizer({ access, store: hub.store, stored: hub.stored, right: required, writer })
      const store = new WritingView(hub.store, access, rightsOf(required), this.#writer)
      this.context = { ...hub, store, subject: this }
    } else {
      this.#reads = new ReadingView(hub.readsOf(access), access, right, part)
      this.context = { ...hub, store: this.#reads, subject: this }
    }
  }

  async show<Content extends { readonly id: string }>(
    kind: DocumentKind,
    content: Content
  ): Promise<Content | undefined> {
    const shown = (await this.access.view(this.right, kind, content.id)).visible(content) as Content | undefined
    if (shown !== content) this.#hasHidden = true
    return shown
  }

  noteHidden(): void {
    this.#hasHidden = true
  }

  async authorize(changes: readonly Change[]): Promise<readonly Change[]> {
    if (this.#writer === undefined) throw new Error('an operation that is declared to read has written')
    return this.#writer.authorize(changes)
  }

  /** Was something left out of what was read? */
  get hasHidden(): boolean {
    return this.#hasHidden || this.#reads?.hasHidden === true
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
  { endpoint, required }: EndpointAccess,
  request: ApiRequest
): Promise<unknown> {
  if (!(error instanceof HubError)) return error
  if (error.name === 'Forbidden' && access.caller.authentication === 'none')
    return new HubError('Unauthorized', ['credentials are missing'])
  if (error.name !== 'NotFound' || required !== 'READ') return error
  const { aasIdentifier, submodelIdentifier, cdIdentifier, idShortPath } = request
  const ids = Object.entries({ aasIdentifier, submodelIdentifier, cdIdentifier })
  const params = Object.fromEntries(ids.flatMap(([name, id]) => (id === undefined ? [] : [[name, id]])))
  const [target] = targetsOf(endpoint, params, [])
  const { kind, id } = target ?? {}
  if (kind === undefined || id === undefined) return error
  const { hidden, shown } = access.rules
  const part = kind === 'Submodel' ? 'elements' : 'document'
  const showing = shown.showing(part, access.isStructural('VIEW'))
  const found = await hidden.read(store, await access.decide('VIEW', kind, id), kind, id, showing)
  if (found === undefined) return error
  const content = JSON.parse(found.document.bytes.toString()) as object
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
