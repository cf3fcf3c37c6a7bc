/** The AASX File Server: packages stored unchanged, under ids assigned by the server. */
import { randomUUID } from 'node:crypto'
import { HubError } from '../errors.ts'
import { parseJson } from '../formats/json.ts'
import { SCRATCH_PREFIX } from '../model/examination.ts'
import { encodeId } from '../model/identifier.ts'
import { PACKAGE_FILE } from '../security/package-contents.ts'
import { commitOrConflict, retryConflicts } from '../store/concurrency.ts'
import type { Change, FileEntry } from '../store/store.ts'
import type { ApiRequest, ApiResponse } from './api-request.ts'
import { fileResponse } from './files.ts'
import type { OperationContext, OperationHandler } from './operation-context.ts'
import { damagedMetadata, paged, pageTime, parseCursor, toCursor } from './paging.ts'
import { receiveBlob } from './received-file.ts'

const KIND = 'Package'
const AASX = 'application/asset-administration-shell-package'

export interface PackageDescription {
  readonly packageId: string
  readonly aasIds: readonly string[]
}

/** GET /packages, of one shell with `aasId`. */
export const getAll: OperationHandler = async (context, request) => {
  const { aasId, limit, cursor } = request.query
  const after = parseCursor(cursor)
  const facets = aasId === undefined ? [] : ([['aasId', aasId]] as const)
  const page = await context.store.documents(KIND, facets, {
    ...{ limit, isOver: pageTime(context) },
    ...(after !== undefined && { after })
  })
  return paged(
    page.items.map(({ bytes }) => bytes),
    page.next === undefined ? undefined : toCursor(page.next),
    damagedMetadata(page.damaged)
  )
}

/** POST /packages. */
export const post: OperationHandler = async (context, request) => {
  const packageId = newIdFor(request)
  const { changes, json } = await receive(context, request, packageId, 'create')
  const { seq } = await retryConflicts(() => context.store.commit(changes))
  return { status: 201, bytes: json, revision: seq, location: `/packages/${encodeId(packageId)}` }
}

/** That of an examination is known by its id, as its documents are (model/examination.ts). */
export function newIdFor({ upload }: ApiRequest): string {
  const isOfExamination = upload?.fields.aasIds?.startsWith(SCRATCH_PREFIX) === true
  return isOfExamination ? SCRATCH_PREFIX + randomUUID() : randomUUID()
}

/** GET /packages/{packageId}: the bytes. */
export const getById: OperationHandler = async (context, request) => {
  const id = request.packageId ?? ''
  const file = await context.store.file(KIND, id, PACKAGE_FILE)
  if (file === undefined) throw new HubError('NotFound', [KIND, id])
  // Earlier versions stored another media type.
  return {
    ...fileResponse(context, request, { ...file, contentType: AASX }),
    headers: { 'x-filename': headerText(file.fileName) }
  }
}

/** A file name as a header value: percent-encoded if it is not printable ASCII. */
function headerText(fileName: string): string {
  return /^[\x20-\x7e]+$/.test(fileName) ? fileName : encodeURIComponent(fileName.toWellFormed())
}

/** PUT /packages/{packageId}. */
export const put: OperationHandler = async (context, request) => {
  const id = request.packageId ?? ''
  const { changes, json } = await receive(context, request, id, 'replace')
  return retryConflicts(async (): Promise<ApiResponse> => {
    if ((await context.store.head(KIND, id)) !== undefined) {
      const { seq } = await commitOrConflict(context.store, changes)
      return { status: 204, revision: seq }
    }
    const created = changes.map((change) =>
      change.change === 'replace' ? { ...change, change: 'create' as const } : change
    )
    const { seq } = await commitOrConflict(context.store, created)
    return { status: 201, bytes: json, revision: seq, location: `/packages/${encodeId(id)}` }
  })
}

/** DELETE /packages/{packageId}; documents loaded from it stay. */
export const deleteById: OperationHandler = async (context, request) => {
  const change = { change: 'delete', kind: KIND, id: request.packageId ?? '' } as const
  await retryConflicts(() => context.store.commit([change]))
  return { status: 204 }
}

async function receive(
  context: OperationContext,
  request: ApiRequest,
  packageId: string,
  change: 'create' | 'replace'
): Promise<{ changes: Change[]; json: string }> {
  const { description, file } = await receivePackage(context, request, packageId)
  return { changes: packageChanges(change, description, file), json: JSON.stringify(description) }
}

/** Receives the file of a package, and what the form says of it. @throws HubError `BadRequest` where it is empty */
export async function receivePackage(
  context: OperationContext,
  { upload }: ApiRequest,
  packageId: string
): Promise<{ description: PackageDescription; file: FileEntry }> {
  if (upload === undefined) throw new HubError('BadRequest', ['The form needs a part "file" with the package'])
  const { blob, size } = await receiveBlob(context, upload)
  if (size === 0) throw new HubError('BadRequest', ['The file is empty'])
  // Read after the file, as the fields may follow it in the form.
  const aasIds = idsIn(upload.fields.aasIds)
  const fileName = upload.fields.fileName || upload.fileName || `${packageId}.aasx`
  return {
    description: { packageId, aasIds },
    file: { name: PACKAGE_FILE, contentType: AASX, fileName, size, blob }
  }
}

export function packageChanges(
  change: 'create' | 'replace',
  description: PackageDescription,
  file: FileEntry
): Change[] {
  const { packageId: id, aasIds } = description
  const facets = aasIds.map((aasId) => ['aasId', aasId] as const)
  return [
    { change, kind: KIND, id, json: JSON.stringify(description), facets },
    { change: 'attach', kind: KIND, id, files: [file] }
  ]
}

/** `aasIds` of the form: one id, several separated by commas, or a JSON array. */
function idsIn(field: string | undefined): string[] {
  if (field === undefined || field.trim() === '') return []
  if (!field.trimStart().startsWith('[')) return field.split(',').map((id) => id.trim())
  const ids = parseJson(field)
  if (Array.isArray(ids) && ids.every((id) => typeof id === 'string')) return ids
  throw new HubError('BadRequest', [
    'The field aasIds takes one id, several separated by commas, or a JSON array of strings'
  ])
}
