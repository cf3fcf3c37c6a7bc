/** Operations on submodel elements. */
import { HubError } from '../errors.ts'
import { fromValue, type ValueWrite } from '../formats/from-value.ts'
import { membersFromValue } from '../formats/leaf-from-value.ts'
import { toValue, valueOfRow } from '../formats/to-value.ts'
import { allowsContent, coreView, metadataView, paths, withoutBlobs } from '../formats/views.ts'
import { excerptOf } from '../model/excerpt.ts'
import { childrenMember } from '../model/fields.ts'
import { formatPath, type IdShortPath, join, type Step } from '../model/path.ts'
import { referenceToElement } from '../model/reference.ts'
import type { Submodel, SubmodelElement } from '../model/types.ts'
import type { ValueMembers } from '../model/value-members.ts'
import { type Container, child, childrenOf, resolve, setChildren, stepsTo } from '../model/walk.ts'
import { retryConflicts } from '../store/concurrency.ts'
import type { Change, Document, ElementRow } from '../store/store.ts'
import { TimeSlice, turnsIf } from '../time-slice.ts'
import type { ApiRequest, ApiResponse } from './api-request.ts'
import { writeToMachines } from './asset-interfaces/machine-commands.ts'
import { getAround, getPartlyDamaged } from './damaged-elements.ts'
import { check, edit, get, parse, revisionOf } from './documents.ts'
import { addressedTag, checkPreconditions, leafTag } from './entity-tags.ts'
import { KnownElements } from './known-elements.ts'
import { isLarge } from './large.ts'
import type { OperationContext, OperationHandler } from './operation-context.ts'
import { paged, pageOfItems } from './paging.ts'
import { merge, mergeMetadata } from './patch.ts'
import type { Content, RequestQuery } from './request-query.ts'
import { nameRecord } from './time-series/record-import.ts'
import { valueChange } from './value-change.ts'

/** GET …/submodel-elements, in all five contents. */
export const getAll: OperationHandler = async (context, request) => {
  const document = await get(context, 'Submodel', submodelOf(request))
  const submodel = parse(document, 'Submodel')
  if (request.content === 'path') {
    const { items, cursor } = pageOfItems(paths(submodel, '', request.query.level), (path) => path, request.query)
    return {
      ...paged(
        items.map((path) => JSON.stringify(path)),
        cursor
      ),
      revision: document.revision
    }
  }
  const children = childrenOf(submodel)
  const { items, cursor } = pageOfItems(children, (element) => element.idShort ?? '', request.query)
  if (request.content === 'value') return valuesByIdShort(items, request, cursor, document.revision)
  // Only references contain the path of an element.
  const steps = request.content === 'reference' ? stepsTo(submodel) : []
  const stepOf = new Map(steps.map((step, index) => [children[index], step]))
  const results = items.map((element) =>
    JSON.stringify(render(element, request.content, request.query, submodel, [stepOf.get(element) ?? '']))
  )
  return { ...paged(results, cursor), revision: document.revision }
}

/** GET …/submodel-elements/{idShortPath}, in all five contents. */
export const getByPath: OperationHandler = async (context, request) => {
  const id = submodelOf(request)
  const path = pathOf(request)
  const text = formatPath(path)
  const row = (await context.store.element(id, text)) ?? (await throwNotFound(context, id, text))
  if (!allowsContent(row.modelType, request.content)) throw contentNotDefined(request.content, row)
  if (request.content === 'value' && childrenMember(row.modelType) === undefined && row.modelType !== 'Blob') {
    return valueResponse(valueOfRow(row.modelType, row.valueType, row.value), text, row.revision)
  }
  const document = await getAround(context, id, text)
  const submodel = parse(document, 'Submodel')
  const element = elementAt(submodel, path)
  const revision = (await revisionOf(context, request, document)) ?? document.revision
  if (request.content === 'path') return { status: 200, json: paths(element, text, request.query.level), revision }
  if (request.content !== 'value')
    return { status: 200, json: render(element, request.content, request.query, submodel, path), revision }
  const value = toValue(element, request.query)
  return valueResponse(value === undefined ? undefined : JSON.stringify(value), text, revision)
}

/** POST …/submodel-elements: a new first-level element. */
export const post: OperationHandler = async (context, request) => {
  check('SubmodelElement', request.body)
  const element = request.body as SubmodelElement
  const { revision } = await edit(context, 'Submodel', submodelOf(request), request, (submodel) => {
    const path = append(submodel, '', element)
    return { touched: [path], subtreeAction: 'created', result: path }
  })
  const location = `${request.mount}/submodel-elements/${encodePath(element.idShort ?? '')}`
  return { status: 201, json: element, revision, location }
}

/** POST …/submodel-elements/{idShortPath}: a new element within a container. */
export const postByPath: OperationHandler = async (context, request) => {
  check('SubmodelElement', request.body)
  const element = request.body as SubmodelElement
  const parentPath = pathOf(request)
  const { result, revision } = await edit(context, 'Submodel', submodelOf(request), request, (submodel) => {
    const parent = elementAt(submodel, parentPath)
    if (childrenMember(parent.modelType) === undefined) {
      throw new HubError('BadRequest', [
        `"${formatPath(parentPath)}" is a ${parent.modelType}, which holds no elements`
      ])
    }
    nameRecord(submodel, parent, element)
    const path = append(parent, formatPath(parentPath), element)
    return { touched: [path], subtreeAction: 'created', result: path }
  })
  const location = `${request.mount}/submodel-elements/${encodePath(result)}`
  return { status: 201, json: element, revision, location }
}

/** PUT …/submodel-elements/{idShortPath}: replaces an element, or creates it if POST could. */
export const putByPath: OperationHandler = async (context, request) => {
  check('SubmodelElement', request.body)
  const element = request.body as SubmodelElement
  const path = pathOf(request)
  const text = formatPath(path)
  const { result: created, revision } = await edit(context, 'Submodel', submodelOf(request), request, (submodel) => {
    const parent = parentOf(submodel, path)
    const step = path[path.length - 1] as Step
    if (typeof step === 'string') sameIdShort(element, step)
    const present = child(parent, step)
    const children = [...childrenOf(parent)]
    const renames = hasUnnamedChildren(parent)
    if (present === undefined) {
      // In a list only the index after the last one can be created.
      const isNext = parent.modelType === 'SubmodelElementList' && step === children.length
      if (typeof step === 'number' && !isNext) throw notFound(text)
      append(parent, formatPath(path.slice(0, -1)), element)
    } else {
      children[children.indexOf(present)] = element
      setChildren(parent, children)
    }
    if (present === undefined) return { touched: [text], subtreeAction: 'created', result: true }
    return { ...(renames ? touchedContainer(path) : { touched: [text] }), result: false }
  })
  if (!created) return { status: 204, revision }
  return { status: 201, json: element, revision, location: `${request.mount}/submodel-elements/${encodePath(text)}` }
}

/** PATCH …/submodel-elements/{idShortPath}: normal, `$metadata` or `$value`. */
export const patchByPath: OperationHandler = async (context, request) => {
  if (request.content === 'value') return patchValue(context, request)
  const path = pathOf(request)
  const text = formatPath(path)
  if (request.content === 'normal') check('SubmodelElement', request.body)
  const { revision } = await edit(context, 'Submodel', submodelOf(request), request, (submodel) => {
    const element = elementAt(submodel, path)
    const renames = hasUnnamedChildren(parentOf(submodel, path))
    const step = path[path.length - 1]
    if (request.content === 'metadata') mergeMetadata(element, request.body)
    else merge(element, request.body as SubmodelElement)
    if (typeof step === 'string') sameIdShort(element, step)
    return { ...(renames ? touchedContainer(path) : { touched: [text] }), carried: true, result: undefined }
  })
  return { status: 204, revision }
}

/** DELETE …/submodel-elements/{idShortPath}; in a list the following elements move up. */
export const deleteByPath: OperationHandler = async (context, request) => {
  const path = pathOf(request)
  await edit(context, 'Submodel', submodelOf(request), request, (submodel) => {
    const element = elementAt(submodel, path)
    const parent = parentOf(submodel, path)
    const movesUp = parent.modelType === 'SubmodelElementList' || hasUnnamedChildren(parent)
    const children = childrenOf(parent).filter((other) => other !== element)
    setChildren(parent, children)
    // The whole list is touched: another element may be at the path now.
    if (movesUp) return { ...touchedContainer(path), carried: true, result: undefined }
    return { touched: [formatPath(path)], subtreeAction: 'deleted', carried: false, result: undefined }
  })
  return { status: 204 }
}

/** PATCH …/{idShortPath}/$value. A leaf is written without reading its submodel. */
async function patchValue(context: OperationContext, request: ApiRequest): Promise<ApiResponse> {
  const id = submodelOf(request)
  const path = pathOf(request)
  const text = formatPath(path)
  return retryConflicts(async () => {
    const row = (await context.store.element(id, text)) ?? (await throwNotFound(context, id, text))
    if (!allowsContent(row.modelType, 'value')) throw contentNotDefined('value', row)
    if (childrenMember(row.modelType) !== undefined) return patchValues(context, request, path)
    checkPreconditions(request, await leafTag(context, request, id, row.revision))
    const members = membersFromValue(row.modelType, row.valueType, request.body, text)
    if (context.templates.enforces && (await context.templates.isEnforced(context.store, id)))
      await enforceValue(context, id, path, members)
    const change = valueChange(id, row, members)
    const guarded =
      request.ifMatch === undefined || request.ifMatch === '*' ? change : { ...change, ifRevision: row.revision }
    await writeToMachines(context, id, [{ path: text, members }], [guarded])
    const { seq } = await context.store.commit([guarded])
    return { status: 204, revision: seq }
  })
}

/** Writes values of a submodel, or of the container at `path`; all or none. */
export async function patchValues(
  context: OperationContext,
  request: ApiRequest,
  path?: IdShortPath
): Promise<ApiResponse> {
  const id = submodelOf(request)
  return retryConflicts(async () => {
    // Nothing of a damaged element is in what is written: its row refuses a value.
    const { document } = await getPartlyDamaged(context, 'Submodel', id)
    const turn = turnsIf(isLarge(document))
    await turn()
    const submodel = parse(document, 'Submodel')
    await turn()
    const known = await KnownElements.of(context, request, document)
    if (path !== undefined) known?.require(path)
    const root = path === undefined ? submodel : elementAt(submodel, path)
    checkPreconditions(request, await addressedTag(context, request, document))
    const isKnown = known && ((text: string) => known.leadsTo(text))
    const writes = fromValue(root, request.body, path === undefined ? '' : formatPath(path), isKnown)
    if (writes.length === 0) return { status: 204, revision: document.revision }
    await turn()
    if (context.templates.enforces) {
      for (const { element, members } of writes) Object.assign(element, members)
      context.templates.enforce(submodel)
    }
    const changes = await changesOf(context, id, writes)
    await refuseOvertaken(context, document, request)
    await writeToMachines(context, id, writes, changes)
    const { seq } = await context.store.commit(changes)
    return { status: 204, revision: seq }
  })
}

/** The changes that write the values, computed in time slices. */
async function changesOf(
  context: OperationContext,
  submodel: string,
  writes: readonly ValueWrite[]
): Promise<Change[]> {
  const slice = new TimeSlice()
  const changes: Change[] = []
  for (let start = 0; start < writes.length; start += ROWS_PER_BATCH) {
    const some = writes.slice(start, start + ROWS_PER_BATCH)
    const rows = await Promise.all(some.map(({ path }) => rowOf(context, submodel, path)))
    for (const [index, row] of rows.entries()) {
      const write = some[index]
      if (write !== undefined) changes.push(valueChange(submodel, row, write.members))
    }
    await slice.check()
  }
  return changes
}

/** Rows read between two checks of the time slice. */
const ROWS_PER_BATCH = 100

/** @throws HubError `Conflict` if the elements, or the revision of If-Match, changed since the values were checked */
async function refuseOvertaken(
  context: OperationContext,
  { id, revision, structureRevision }: Document,
  { ifMatch }: ApiRequest
): Promise<void> {
  const head = await context.store.head('Submodel', id)
  const isAnyRevision = ifMatch === undefined || ifMatch === '*'
  if (head?.structureRevision === structureRevision && (isAnyRevision || head.revision === revision)) return
  throw new HubError('Conflict', [`Submodel "${id}" was changed meanwhile`])
}

/** Validates the submodel with the new value against its enforced template. */
async function enforceValue(
  context: OperationContext,
  id: string,
  path: IdShortPath,
  members: ValueMembers
): Promise<void> {
  const { document } = await getPartlyDamaged(context, 'Submodel', id)
  const submodel = parse(document, 'Submodel')
  Object.assign(elementAt(submodel, path), members)
  context.templates.enforce(submodel)
}

/** An element in normal, metadata or reference form. */
function render(
  element: SubmodelElement,
  content: Content,
  query: RequestQuery,
  submodel: Submodel,
  path: readonly Step[]
): unknown {
  if (content === 'metadata') return metadataView(element)
  if (content === 'reference') return referenceToElement(submodel, path)
  const full = query.extent === 'withBlobValue' ? element : withoutBlobs(element)
  return query.level === 'core' ? coreView(full) : full
}

/** GET …/submodel-elements/$value: `result` is an object by idShort since 3.0.4. */
function valuesByIdShort(
  elements: readonly SubmodelElement[],
  request: ApiRequest,
  cursor: string | undefined,
  revision: number
): ApiResponse {
  const members: string[] = []
  const names = new Set<string>()
  for (const element of elements) {
    const { idShort } = element
    const value = toValue(element, request.query)
    // Elements stored leniently may have no idShort, or that of a sibling.
    if (value === undefined || idShort === undefined || names.has(idShort)) continue
    names.add(idShort)
    members.push(`${JSON.stringify(idShort)}:${JSON.stringify(value)}`)
  }
  const metadata = cursor === undefined ? {} : { cursor }
  const bytes = `{"paging_metadata":${JSON.stringify(metadata)},"result":{${members.join(',')}}}`
  return { status: 200, bytes, revision }
}

function valueResponse(bytes: string | undefined, path: string, revision: number): ApiResponse {
  if (bytes === undefined) throw new HubError('NotFound', ['A value of', path])
  return { status: 200, bytes, revision }
}

/** Appends a child. @returns its path @throws HubError `AlreadyExists`, `Invalid` */
function append(parent: Container, parentPath: string, element: SubmodelElement): string {
  const children = childrenOf(parent)
  if (parent.modelType !== 'SubmodelElementList') {
    if (element.idShort === undefined) {
      const text = 'an element outside of a list needs an idShort; none was found'
      throw new HubError('Invalid', [1], [{ pointer: '/idShort', rule: 'AASd-117', text }])
    }
    if (child(parent, element.idShort) !== undefined) {
      throw new HubError('AlreadyExists', ['SubmodelElement', join(parentPath, element.idShort)])
    }
  }
  setChildren(parent, [...children, element])
  return join(parentPath, stepsTo(parent).at(-1) as Step)
}

/** Whether a container other than a list has children addressed by index; a change may shift these. */
function hasUnnamedChildren(parent: Container): boolean {
  return parent.modelType !== 'SubmodelElementList' && stepsTo(parent).some((step) => typeof step === 'number')
}

/** `touched` if the children of a container shift; absent for the whole submodel. */
function touchedContainer(path: IdShortPath): { touched?: string[] } {
  return path.length === 1 ? {} : { touched: [formatPath(path.slice(0, -1))] }
}

function parentOf(submodel: Submodel, path: IdShortPath): Container {
  return path.length === 1 ? submodel : elementAt(submodel, path.slice(0, -1))
}

function elementAt(submodel: Submodel, path: readonly Step[]): SubmodelElement {
  const element = resolve(submodel, path)
  if (element === undefined) throw notFound(formatPath(path))
  return element
}

/** The row of an element. @throws HubError `NotFound`, naming the submodel or the element */
export function rowOf(context: OperationContext, submodel: string, path: string): Promise<ElementRow> {
  return context.store.element(submodel, path).then((row) => row ?? throwNotFound(context, submodel, path))
}

async function throwNotFound(context: OperationContext, submodel: string, path: string): Promise<never> {
  await getPartlyDamaged(context, 'Submodel', submodel)
  throw notFound(path)
}

function sameIdShort(element: SubmodelElement, idShort: string): void {
  if (element.idShort === idShort) return
  const text = `the last step of the path, "${idShort}", was expected; found ${excerptOf(element.idShort)}`
  throw new HubError('Invalid', [1], [{ pointer: '/idShort', rule: 'idShort', text }])
}

function notFound(path: string): HubError {
  return new HubError('NotFound', ['SubmodelElement', path])
}

function contentNotDefined(content: Content, row: ElementRow): HubError {
  return new HubError('BadRequest', [`$${content} is not defined for a ${row.modelType} ("${row.path}")`])
}

export function shellOf(request: ApiRequest): string {
  return request.aasIdentifier ?? ''
}

export function submodelOf(request: ApiRequest): string {
  return request.submodelIdentifier ?? ''
}

export function pathOf(request: ApiRequest): IdShortPath {
  if (request.idShortPath === undefined) throw new HubError('BadRequest', ['An idShortPath is needed'])
  return request.idShortPath
}

/** An idShortPath in a URL: brackets are encoded, dots are not. */
export function encodePath(path: string): string {
  return encodeURIComponent(path)
}
