/** Loads whole environments (JSON, XML, AASX) by upload or from a folder; each file as a whole or not at all. */
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { HubError, type Violation } from '../errors.ts'
import { detectFormat, openEnvironment } from '../formats/environment.ts'
import type { EnvironmentSource, FoundDocument, PartFile } from '../formats/environment-source.ts'
import { unstorable, validate } from '../formats/json.ts'
import { LinkedFiles } from '../formats/linked-files.ts'
import { decodePartName } from '../formats/part-names.ts'
import { facetsOf } from '../model/facets.ts'
import type { Documents } from '../model/types.ts'
import { commitOrConflict, retryConflicts } from '../store/concurrency.ts'
import type { Change, DocumentKind, Facet, FileEntry } from '../store/store.ts'
import { TimeSlice } from '../time-slice.ts'
import type { FileUpload } from './api-request.ts'
import { orphans, packageThumbnail } from './document-files.ts'
import { type DocumentClass, loadEvenDamaged as presentDocument } from './documents.ts'
import type { OperationContext, OperationHandler } from './operation-context.ts'
import { firstBytes, withReceivedFile } from './received-file.ts'
import type { RequestQuery } from './request-query.ts'
import { withHiddenReferences } from './shells.ts'
import { DocumentSpool, type SpooledDocument } from './spool.ts'
import { counted, type UploadShare } from './upload-space.ts'

export interface LoadOptions {
  /** What to do with a document whose id is already stored. */
  readonly existing: NonNullable<RequestQuery['existing']>
  /** Store documents that violate rules, and report why; skip only what cannot be stored at all. */
  readonly lenient: boolean
}

export interface LoadReport {
  readonly fileName: string
  readonly created: readonly LoadedDocument[]
  readonly replaced: readonly LoadedDocument[]
  /** Already stored, and left unchanged. */
  readonly kept: readonly LoadedDocument[]
  readonly files: number
  /** Not stored, unlike the others: not storable even leniently, or refused by an enforced template. */
  readonly refused: readonly RefusedDocument[]
  /** Violations of stored and refused documents; empty unless lenient. */
  readonly violations: readonly Violation[]
  /** Links without a file in the package, files without a link, and empty lists. */
  readonly warnings: readonly Violation[]
}

export interface LoadedDocument {
  readonly modelType: string
  readonly id: string
}

export interface RefusedDocument {
  readonly modelType: string
  readonly id?: string
  /** Location in the file; prefix of the pointers of its violations. */
  readonly origin: string
}

/** Files of a package stored at the same time. */
const MAX_CONCURRENT_FILES = 32

/** Violations reported of one file. */
const MAX_REPORTED = 100

/** POST /upload. */
export const uploadFile: OperationHandler = async (context, request) => {
  if (request.upload === undefined) throw missingFile()
  const report = await load(context, request.upload, {
    existing: request.query.existing ?? 'refuse',
    lenient: context.lenient
  })
  return { status: report.created.length > 0 ? 201 : 200, json: report }
}

/** POST /check/upload: refuses what an upload would refuse for its content, and stores nothing. */
export const checkUpload: OperationHandler = async (context, request) => {
  if (request.upload === undefined) throw missingFile()
  const { fileName } = request.upload
  const json = await withOpenFile(context, request.upload, async (content, spool) => {
    const links = new LinkedFiles(content)
    const { items, refused, violations } = await checkDocuments(context, content, spool, links, context.lenient)
    const documents = items.map(({ kind, id }): LoadedDocument => ({ modelType: kind, id }))
    return { fileName, documents, refused, violations, warnings: [...content.notes, ...links.warnings()] }
  })
  return { status: 200, json }
}

/** Loads a file. @throws HubError with all violations; then nothing of it is stored */
async function load(context: OperationContext, upload: FileUpload, options: LoadOptions): Promise<LoadReport> {
  return withOpenFile(context, upload, (content, spool) =>
    checkAndStore(context, upload.fileName, content, spool, options)
  )
}

function missingFile(): HubError {
  return new HubError('BadRequest', ['The form needs a part "file" with the environment'])
}

/** Receives the file, and removes it after the work. */
async function withOpenFile<Result>(
  context: OperationContext,
  upload: FileUpload,
  work: (content: EnvironmentSource, spool: DocumentSpool) => Promise<Result>
): Promise<Result> {
  return withReceivedFile(context, upload, async (folder, path, share) => {
    const form = detectFormat(upload.fileName, upload.contentType, await firstBytes(path))
    if (form === undefined) throw new HubError('BadRequest', ['The file is neither AASX nor AAS XML nor AAS JSON'])
    const content = await openEnvironment(path, form, upload.fileName)
    const spool = await DocumentSpool.open(join(folder, 'documents'), share)
    try {
      return await work(content, spool)
    } finally {
      await Promise.all([content.close(), spool.close()])
    }
  })
}

/** A file of a folder that was refused. */
export interface FailedLoad {
  readonly fileName: string
  readonly error: HubError
}

/** Loads a file, or every `.aasx`, `.xml` and `.json` file of a folder by name. */
export async function* loadPath(
  context: OperationContext,
  path: string,
  options: LoadOptions
): AsyncGenerator<LoadReport | FailedLoad> {
  const folder = (await stat(path)).isDirectory()
  const names = folder ? (await readdir(path)).filter((name) => /\.(aasx|xml|json)$/i.test(name)).sort() : [path]
  for (const name of names) {
    const bytes = createReadStream(folder ? join(path, name) : path)
    const fileName = basename(name)
    yield await load(context, { bytes, fileName, contentType: '', fields: {} }, options).catch((error: unknown) => {
      // An invalid file does not keep the others from being loaded; a full disk does.
      if (!(error instanceof HubError) || error.status >= 500) throw error
      return { fileName, error }
    })
  }
}

interface CheckedDocument {
  readonly kind: FoundDocument['className']
  readonly id: string
  readonly text: SpooledDocument
  readonly facets: readonly Facet[]
  /** Files of the package by the document's link to them. */
  readonly files: Map<string, PartFile>
}

async function checkAndStore(
  context: OperationContext,
  fileName: string,
  content: EnvironmentSource,
  spool: DocumentSpool,
  options: LoadOptions
): Promise<LoadReport> {
  const links = new LinkedFiles(content)
  const found = await checkDocuments(context, content, spool, links, options.lenient)
  // Stored documents decide what is created or replaced, and may change concurrently.
  return retryConflicts(() => storeChecked(context, fileName, content, spool, links, found, options))
}

async function storeChecked(
  context: OperationContext,
  fileName: string,
  content: EnvironmentSource,
  spool: DocumentSpool,
  links: LinkedFiles,
  { items, refused, violations }: CheckedContent,
  options: LoadOptions
): Promise<LoadReport> {
  const created: LoadedDocument[] = []
  const replaced: LoadedDocument[] = []
  const kept: LoadedDocument[] = []
  const changes: Change[] = []
  for (const item of items) {
    const { kind, id, text, facets } = item
    const loaded = { modelType: kind, id }
    const stored = await presentDocument(context.store, kind, id)
    const present = stored !== undefined
    if (present && options.existing === 'keep') kept.push(loaded)
    else {
      const change = present ? 'replace' : 'create'
      ;(present ? replaced : created).push(loaded)
      const { file, at, bytes } = text
      const kept = present ? await withHiddenReferences(context, stored, () => spool.read(text)) : undefined
      const isGuarded = present && context.subject !== undefined && kind === 'AssetAdministrationShell'
      const guard = { ...(isGuarded && { ifStructureRevision: stored.structureRevision }) }
      if (kept !== undefined)
        changes.push({ change, kind, id, json: JSON.stringify(kept), facets: facetsOf(kind, kept), ...guard })
      else changes.push({ change, kind, id, json: { file, at, bytes }, facets, ...guard })
      if (present) changes.push(...(await orphans(context.store, stored, await spool.read(text))))
    }
  }
  if (options.existing === 'refuse' && replaced.length > 0) throw alreadyStored(replaced)
  const isKept = new Set(kept.map(({ id, modelType }) => `${modelType} ${id}`))
  const taken = items.filter(({ id, kind }) => !isKept.has(`${kind} ${id}`))
  const files = await receiveFiles(context, content, links, taken, spool.share)
  for (const file of files) changes.push(file)
  await spool.flush()
  if (changes.length > 0) await commitOrConflict(context.store, changes)
  for (const { id } of replaced) context.templates.forget(id)
  const count = files.reduce((sum, change) => sum + (change.change === 'attach' ? change.files.length : 0), 0)
  return {
    fileName,
    created,
    replaced,
    kept,
    files: count,
    refused,
    violations,
    warnings: [...content.notes, ...links.warnings()]
  }
}

interface CheckedContent {
  readonly items: readonly CheckedDocument[]
  readonly refused: readonly RefusedDocument[]
  readonly violations: readonly Violation[]
}

/**
 * Checks every document of the file. Published packages repeat concept descriptions: equal documents count once.
 * @throws HubError `Invalid` with all violations; if lenient only if nothing can be stored
 */
async function checkDocuments(
  context: OperationContext,
  content: EnvironmentSource,
  spool: DocumentSpool,
  links: LinkedFiles,
  lenient: boolean
): Promise<CheckedContent> {
  const slice = new TimeSlice()
  const items = new Map<string, CheckedDocument>()
  const refused: RefusedDocument[] = []
  const violations: Violation[] = []
  for await (const found of content.documents()) {
    const { document, className, origin } = found
    await slice.check()
    const { broken, reasons } = checkDocument(context, className, document)
    const id = idOf(document)
    const key = `${className} ${id}`
    const twin = reasons.length === 0 ? items.get(key) : undefined
    const text = reasons.length === 0 ? await spool.add(document) : undefined
    if (twin !== undefined && twin.text.digest !== text?.digest) reasons.push(duplicateViolation(twin))
    const files = links.follow(found)
    if (text === undefined || reasons.length > 0)
      refused.push({ modelType: className, ...(id !== undefined && { id }), origin })
    else if (twin === undefined) {
      const facets = facetsOf(className, document as never)
      items.set(key, { kind: className, id: id ?? '', text, facets, files: new Map(files) })
    } else for (const [link, file] of files) twin.files.set(link, file)
    for (const violation of [...reasons, ...broken].slice(0, MAX_REPORTED - violations.length)) {
      violations.push({ ...violation, pointer: `${origin}${violation.pointer}` })
    }
  }
  const isRefused = lenient ? items.size === 0 && refused.length > 0 : violations.length > 0
  if (isRefused) throw new HubError('Invalid', [violations.length], violations)
  return { items: [...items.values()], refused, violations }
}

/** The violations of a document, and the reasons why it cannot be stored even leniently. */
function checkDocument(
  context: OperationContext,
  className: FoundDocument['className'],
  document: unknown
): { broken: readonly Violation[]; reasons: Violation[] } {
  const broken = validate(className, document, { limit: MAX_REPORTED })
  const reasons = broken.length === 0 ? [] : unstorable(className, document, { limit: MAX_REPORTED })
  // Enforced templates apply in lenient mode as well, as they were configured explicitly.
  if (reasons.length === 0) reasons.push(...context.templates.refused(document as Documents[DocumentClass]))
  const reported = new Set(reasons.map(({ pointer }) => pointer))
  return { broken: broken.filter(({ pointer }) => !reported.has(pointer)), reasons }
}

function idOf(document: unknown): string | undefined {
  const { id } = Object(document) as { id?: unknown }
  return typeof id === 'string' ? id : undefined
}

function duplicateViolation({ kind, id }: CheckedDocument): Violation {
  const text = `the ${kind} "${id}" occurs twice in the file, with different content; the first one counts`
  return { pointer: '', rule: 'id', text }
}

/** Attaches files of the package to the documents that link to them, and files without a link to the first document. */
async function receiveFiles(
  context: OperationContext,
  content: EnvironmentSource,
  links: LinkedFiles,
  items: readonly CheckedDocument[],
  share: UploadShare
): Promise<Change[]> {
  const owners = items.filter(({ kind }) => kind !== 'ConceptDescription')
  const first = owners.find(({ kind }) => kind === 'AssetAdministrationShell') ?? owners[0]
  if (first === undefined) return []
  const entries = new Map<CheckedDocument, FileEntry[]>()
  const attach = (item: CheckedDocument, entry: FileEntry) => entries.set(item, [...(entries.get(item) ?? []), entry])
  // Files are stored under the link as spelled in the document.
  const linking = new Map<PartFile, { item: CheckedDocument; name: string }[]>()
  for (const item of owners) {
    for (const [name, file] of item.files) linking.set(file, [...(linking.get(file) ?? []), { item, name }])
  }
  const { thumbnail } = content
  const isOfPackage = (file: PartFile) => file === thumbnail && first.kind === 'AssetAdministrationShell'
  const all = thumbnail === undefined ? content.files : [...content.files, thumbnail]
  // Documents that are kept have their files already.
  const wanted = all.filter((file) => linking.has(file) || !links.isLinked(file) || isOfPackage(file))
  const received = concurrentInOrder(wanted, MAX_CONCURRENT_FILES, async (file) => ({
    file,
    entry: await storeFile(context, file, share)
  }))
  // Concurrently, as each waits for the disk several times; results are in the order of the package.
  for await (const { file, entry } of received) {
    const owned = linking.get(file) ?? []
    const isPackageThumbnail = isOfPackage(file)
    for (const { item, name } of owned) attach(item, { ...entry, name })
    if (owned.length === 0) attach(first, isPackageThumbnail ? { ...entry, name: packageThumbnail(file.name) } : entry)
  }
  return [...entries].map(([{ kind, id }, files]) => ({ change: 'attach', kind: kind as DocumentKind, id, files }))
}

/** Runs up to `limit` items at a time, and yields results in order; on failure awaits those that were started. */
async function* concurrentInOrder<Item, Result>(
  items: Iterable<Item>,
  limit: number,
  work: (item: Item) => Promise<Result>
): AsyncGenerator<Result> {
  const underway: Promise<Result>[] = []
  try {
    for (const item of items) {
      const started = work(item)
      started.catch(() => {})
      underway.push(started)
      if (underway.length === limit) yield (await underway.shift()) as Result
    }
    while (underway.length > 0) yield (await underway.shift()) as Result
  } finally {
    await Promise.allSettled(underway)
  }
}

async function storeFile(
  context: OperationContext,
  { name, contentType, open }: PartFile,
  share: UploadShare
): Promise<FileEntry> {
  const { blob, size } = await context.store.receive(counted(await open(), share), context.uploadLimit)
  return { name, contentType, fileName: basename(decodePartName(name)), size, blob }
}

function alreadyStored(loaded: readonly LoadedDocument[]): HubError {
  const violations = loaded.slice(0, MAX_REPORTED).map(({ modelType, id }) => ({
    pointer: '',
    rule: 'AlreadyExists',
    text: `${modelType} "${id}" is already stored; upload with existing=replace or existing=keep`
  }))
  return new HubError('AlreadyExists', ['A document of the file,', loaded[0]?.id ?? ''], violations)
}
