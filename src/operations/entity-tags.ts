/**
 * ETags are revisions, as far as the caller may know them: what it does not see all of has none, neither in answers nor to
 * compare `If-Match` with. So neither shows when something was written that is hidden.
 */
import { HubError } from '../errors.ts'
import { childrenMember } from '../model/fields.ts'
import { formatPath } from '../model/path.ts'
import type { AssetAdministrationShell } from '../model/types.ts'
import type { DocumentKind as RuledKind } from '../security/rule.ts'
import { VisibleReferences } from '../security/visible-references.ts'
import { unlessDamaged } from '../store/damage.ts'
import { parseDocument } from '../store/parse-document.ts'
import type { Document, DocumentHead } from '../store/store.ts'
import type { ApiRequest } from './api-request.ts'
import type { OperationContext, OperationSubject } from './operation-context.ts'

/** Of something that exists. */
export interface EntityTag {
  /** Undefined: the caller has none to compare with. */
  readonly revision: number | undefined
  /** May a refusal name it? */
  readonly isShown: boolean
}

/** A document to be written to; without bytes if it is damaged. */
export type StoredHead = DocumentHead & { readonly bytes?: Buffer }

/** Where something of the document is hidden the answer gets no ETag either. */
export async function documentTag({ subject }: OperationContext, stored: StoredHead): Promise<EntityTag> {
  const isShown = subject === undefined || (await readsAll(subject, stored))
  if (!isShown) subject?.noteHidden()
  return { revision: isShown ? stored.revision : undefined, isShown }
}

/** Of what the request addresses in the document; undefined if there is no element at its path. */
export async function addressedTag(
  context: OperationContext,
  request: ApiRequest,
  document: Document
): Promise<EntityTag | undefined> {
  if (request.idShortPath === undefined) return documentTag(context, document)
  let isDamaged = false
  const reading = context.store.element(document.id, formatPath(request.idShortPath))
  const row = await unlessDamaged(reading, () => (isDamaged = true))
  if (isDamaged) return { revision: undefined, isShown: false }
  if (row === undefined) return undefined
  if (childrenMember(row.modelType) !== undefined) return documentTag(context, document)
  return leafTag(context, request, document.id, row.revision)
}

/** A caller that may write an element, and not read it, knows the ETags of its own writes. */
export async function leafTag(
  { subject }: OperationContext,
  { ifMatch, ifNoneMatch }: ApiRequest,
  submodel: string,
  revision: number
): Promise<EntityTag> {
  const isAskedFor = ifMatch !== undefined || ifNoneMatch !== undefined
  const isShown =
    subject === undefined || !isAskedFor || (await subject.access.decide('READ', 'Submodel', submodel)).isAllowed
  return { revision, isShown }
}

/** Checks `If-Match` and `If-None-Match` (RFC 9110, 13.2). @throws HubError `PreconditionFailed` */
export function checkPreconditions(request: ApiRequest, tag: EntityTag | undefined): void {
  const { ifMatch, ifNoneMatch } = request
  if (ifMatch !== undefined) {
    if (tag === undefined) throw new HubError('PreconditionFailed', ['it does not exist'])
    const { revision, isShown } = tag
    if (ifMatch !== '*' && (revision === undefined || !ifMatch.includes(revision)))
      throw new HubError('PreconditionFailed', [isShown ? `it now has the ETag "${revision}"` : 'it has another ETag'])
  }
  if (ifNoneMatch !== undefined && tag !== undefined && request.definition.verb !== 'GET') {
    const { revision, isShown } = tag
    if (ifNoneMatch === '*' || (revision !== undefined && ifNoneMatch.includes(revision)))
      throw new HubError('PreconditionFailed', [isShown ? `it exists with the ETag "${revision}"` : 'it exists'])
  }
}

/** For the commit, once the preconditions were checked. */
export function revisionGuard({ ifMatch }: ApiRequest, stored: StoredHead): { ifRevision?: number } {
  return ifMatch === undefined || ifMatch === '*' ? {} : { ifRevision: stored.revision }
}

async function readsAll({ access, store }: OperationSubject, { kind, id, bytes }: StoredHead): Promise<boolean> {
  const decision = await access.decide('READ', kind as RuledKind, id)
  const isShell = kind === 'AssetAdministrationShell'
  if (decision.isAllowed && !isShell) return true
  // A damaged one cannot be judged.
  if (bytes === undefined) return decision.isAllowed
  const content: object = parseDocument({ bytes })
  if (!decision.isAllowed && decision.view.visible(content) !== content) return false
  return !isShell || (await new VisibleReferences(store, access).hidden(content as AssetAdministrationShell)).size === 0
}
