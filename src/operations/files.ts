/** Attachments of File elements and thumbnails of assets, streamed to and from the store. */
import { HubError } from '../errors.ts'
import { formatPath } from '../model/path.ts'
import { resolve } from '../model/walk.ts'
import type { FileEntry } from '../store/store.ts'
import type { ApiRequest, ApiResponse } from './api-request.ts'
import { attachmentFolder, attachmentName, storedThumbnail } from './document-files.ts'
import { edit, get, parse } from './documents.ts'
import { pathOf, rowOf, submodelOf } from './elements.ts'
import type { OperationContext, OperationHandler } from './operation-context.ts'
import { receiveBlob } from './received-file.ts'
import { assetInformationOf, shellOf } from './shells.ts'

/** GET …/attachment of a File or a Blob. */
export const getAttachment: OperationHandler = async (context, request) => {
  const id = submodelOf(request)
  const path = formatPath(pathOf(request))
  const row = await rowOf(context, id, path)
  const { value, contentType } = JSON.parse(row.value) as { value?: string; contentType?: string }
  if (row.modelType === 'Blob') {
    if (value === undefined) throw new HubError('NotFound', ['A value of', path])
    const type = contentType === undefined ? {} : { contentType }
    return { status: 200, bytes: Buffer.from(value, 'base64'), contentType: 'application/octet-stream', ...type }
  }
  requireFile(row.modelType, path)
  const file = value === undefined ? undefined : await context.store.file('Submodel', id, value)
  if (file === undefined) throw new HubError('NotFound', ['A file stored here for', path])
  return fileResponse(context, request, file)
}

/** PUT …/attachment: file and element are committed together. */
export const putAttachment: OperationHandler = async (context, request) => {
  const id = submodelOf(request)
  const path = pathOf(request)
  const text = formatPath(path)
  try {
    requireFile((await rowOf(context, id, text)).modelType, text)
  } catch (error) {
    discard(request)
    throw error
  }
  const file = await receive(context, request, attachmentFolder(id, text))
  const { revision } = await edit(context, 'Submodel', id, request, (submodel) => {
    const element = resolve(submodel, path)
    if (element?.modelType !== 'File') throw new HubError('NotFound', ['File', text])
    element.value = file.name
    element.contentType = file.contentType
    return { touched: [text], also: [{ change: 'attach', kind: 'Submodel', id, files: [file] }], result: undefined }
  })
  return { status: 204, revision }
}

/** DELETE …/attachment: the element stays, without a value. 200 by Part 2. */
export const deleteAttachment: OperationHandler = async (context, request) => {
  const id = submodelOf(request)
  const path = pathOf(request)
  const text = formatPath(path)
  requireFile((await rowOf(context, id, text)).modelType, text)
  await edit(context, 'Submodel', id, request, async (submodel) => {
    const element = resolve(submodel, path)
    const name = element?.modelType === 'File' ? element.value : undefined
    const file = name === undefined ? undefined : await context.store.file('Submodel', id, name)
    if (element?.modelType !== 'File' || file === undefined)
      throw new HubError('NotFound', ['A file stored here for', text])
    delete element.value
    return { touched: [text], result: undefined }
  })
  return { status: 200 }
}

/** GET …/thumbnail. */
export const getThumbnail: OperationHandler = async (context, request) => {
  const id = shellOf(request)
  const { assetInformation } = parse(await get(context, 'AssetAdministrationShell', id), 'AssetAdministrationShell')
  const file = await storedThumbnail(context.store, id, assetInformation?.defaultThumbnail?.path)
  if (file === undefined) throw new HubError('NotFound', ['A thumbnail stored here for', id])
  return fileResponse(context, request, file)
}

/** PUT …/thumbnail. */
export const putThumbnail: OperationHandler = async (context, request) => {
  const id = shellOf(request)
  try {
    await get(context, 'AssetAdministrationShell', id)
  } catch (error) {
    discard(request)
    throw error
  }
  const file = await receive(context, request, attachmentFolder(id))
  const { revision } = await edit(context, 'AssetAdministrationShell', id, request, (shell) => {
    assetInformationOf(shell).defaultThumbnail = { path: file.name, contentType: file.contentType }
    return { also: [{ change: 'attach', kind: 'AssetAdministrationShell', id, files: [file] }], result: undefined }
  })
  return { status: 204, revision }
}

/** DELETE …/thumbnail. */
export const deleteThumbnail: OperationHandler = async (context, request) => {
  const id = shellOf(request)
  await edit(context, 'AssetAdministrationShell', id, request, async (shell) => {
    const assetInformation = assetInformationOf(shell)
    const { defaultThumbnail } = assetInformation
    const seen = await context.subject?.show('AssetAdministrationShell', shell)
    const isHidden = seen !== undefined && seen.assetInformation?.defaultThumbnail !== defaultThumbnail
    if (defaultThumbnail === undefined || isHidden) throw new HubError('NotFound', ['A thumbnail of', id])
    delete assetInformation.defaultThumbnail
    return { result: undefined }
  })
  return { status: 204 }
}

/** Streams a stored file, or the requested range of it. */
export function fileResponse(context: OperationContext, request: ApiRequest, file: FileEntry): ApiResponse {
  const { contentType, fileName, size } = file
  // No suffix range of an empty file is satisfiable (RFC 9110, 14.4): it is sent as a whole.
  const isWhole = request.range === undefined || ('suffix' in request.range && size === 0 && request.range.suffix > 0)
  if (request.range === undefined || isWhole) {
    return { status: 200, stream: context.store.open(file), contentType, contentLength: size, fileName }
  }
  const { start, end: last = size - 1 } =
    'suffix' in request.range ? { start: size - Math.min(request.range.suffix, size), end: size - 1 } : request.range
  if (start >= size) return { status: 416, contentRange: `bytes */${size}` }
  const end = Math.min(last, size - 1)
  const contentRange = `bytes ${start}-${end}/${size}`
  const stream = context.store.open(file, { start, end })
  return { status: 206, stream, contentType, contentLength: end - start + 1, contentRange, fileName }
}

/** Stores the file of a form under a name below `folder`. */
async function receive(context: OperationContext, request: ApiRequest, folder: string): Promise<FileEntry> {
  const { upload } = request
  if (upload === undefined) throw new HubError('BadRequest', ['The form needs a part "file" with the bytes'])
  const fileName = upload.fields.fileName || upload.fileName || 'file'
  const name = attachmentName(folder, fileName)
  if (name.length > 2048) {
    discard(request)
    throw new HubError('BadRequest', ['The file name is too long'])
  }
  const { blob, size } = await receiveBlob(context, upload)
  return { name, contentType: upload.contentType, fileName, size, blob }
}

/** Discards an upload that will not be read. */
function discard(request: ApiRequest): void {
  request.upload?.bytes.destroy()
}

function requireFile(modelType: string, path: string): void {
  if (modelType === 'File') return
  throw new HubError('MethodNotAllowed', ['attachment', `"${path}", which is a ${modelType}`, 'File'])
}
