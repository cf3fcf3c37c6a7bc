/** The AASX File Server: packages as they are, by an id that the server gives. */
import { randomUUID } from 'node:crypto'
import { HubError } from '../errors.ts'
import { parseJson } from '../formats/json.ts'
import { encodeId } from '../model/identifier.ts'
import type { Change, FileEntry } from '../store/store.ts'
import type { ApiRequest, ApiResponse } from './call.ts'
import { commitAsFound, retry } from './concurrent.ts'
import { answerFile } from './files.ts'
import type { Handler, OperationContext } from './hub.ts'
import { cursorOf, damagedIn, paged, positionOf } from './paging.ts'

const KIND = 'Package'
const FILE = 'package'
const AASX = 'application/asset-administration-shell-package'

interface PackageDescription {
  readonly packageId: string
  readonly aasIds: readonly string[]
}

/** GET /packages, of one shell with `aasId`. */
export const getAll: Handler = async (hub, call) => {
  const { aasId, limit, cursor } = call.query
  const after = positionOf(cursor)
  const facets = aasId === undefined ? [] : ([['aasId', aasId]] as const)
  const page = await hub.store.documents(KIND, facets, { limit, ...(after !== undefined && { after }) })
  return paged(
    page.items.map(({ bytes }) => bytes),
    page.next === undefined ? undefined : cursorOf(page.next),
    damagedIn(page.damaged)
  )
}

/** POST /packages. */
export const post: Handler = async (hub, call) => {
  const packageId = randomUUID()
  const { changes, json } = await receive(hub, call, packageId, 'create')
  const { seq } = await hub.store.commit(changes)
  return { status: 201, bytes: json, revision: seq, location: `/packages/${encodeId(packageId)}` }
}

/** GET /packages/{packageId}: the bytes. */
export const getById: Handler = async (hub, call) => {
  const id = call.packageId ?? ''
  const file = await hub.store.file(KIND, id, FILE)
  if (file === undefined) throw new HubError('NotFound', [KIND, id])
  // Earlier versions stored them under another media type.
  return {
    ...answerFile(hub, call, { ...file, contentType: AASX }),
    headers: { 'x-filename': headerText(file.fileName) }
  }
}

/** A name as a header can carry it: percent-encoded where it is not plain ASCII. */
function headerText(fileName: string): string {
  return /^[\x20-\x7e]+$/.test(fileName) ? fileName : encodeURIComponent(fileName.toWellFormed())
}

/** PUT /packages/{packageId}. */
export const put: Handler = async (hub, call) => {
  const id = call.packageId ?? ''
  const { changes, json } = await receive(hub, call, id, 'replace')
  return retry(async (): Promise<ApiResponse> => {
    if ((await hub.store.head(KIND, id)) !== undefined) {
      const { seq } = await commitAsFound(hub.store, changes)
      return { status: 204, revision: seq }
    }
    const created = changes.map((change) =>
      change.change === 'replace' ? { ...change, change: 'create' as const } : change
    )
    const { seq } = await commitAsFound(hub.store, created)
    return { status: 201, bytes: json, revision: seq, location: `/packages/${encodeId(id)}` }
  })
}

/** DELETE /packages/{packageId}; what was loaded from it stays. */
export const remove_: Handler = async (hub, call) => {
  await hub.store.commit([{ change: 'delete', kind: KIND, id: call.packageId ?? '' }])
  return { status: 204 }
}

async function receive(
  hub: OperationContext,
  call: ApiRequest,
  packageId: string,
  change: 'create' | 'replace'
): Promise<{ changes: Change[]; json: string }> {
  const { upload } = call
  if (upload === undefined) throw new HubError('BadRequest', ['The form needs a part "file" with the package'])
  const { blob, size } = await hub.store.receive(upload.bytes, hub.uploadLimit)
  // The fields may come after the file.
  const aasIds = idsIn(upload.fields.aasIds)
  const fileName = upload.fields.fileName || upload.fileName || `${packageId}.aasx`
  const description: PackageDescription = { packageId, aasIds }
  const json = JSON.stringify(description)
  const facets = aasIds.map((id) => ['aasId', id] as const)
  const file: FileEntry = { name: FILE, contentType: AASX, fileName, size, blob }
  return {
    changes: [
      { change, kind: KIND, id: packageId, json, facets },
      { change: 'attach', kind: KIND, id: packageId, files: [file] }
    ],
    json
  }
}

/** `aasIds` of the form: one id, ids by comma, or a JSON array of them. */
function idsIn(field: string | undefined): string[] {
  if (field === undefined || field.trim() === '') return []
  if (!field.trimStart().startsWith('[')) return field.split(',').map((id) => id.trim())
  const ids = parseJson(field)
  if (Array.isArray(ids) && ids.every((id) => typeof id === 'string')) return ids
  throw new HubError('BadRequest', ['The field aasIds takes ids: one, several by comma, or a JSON array of texts'])
}
