/** Taking in whole environments: JSON, XML and AASX, by upload or from a folder. All of a file, or nothing. */
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, open, readdir, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
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
import type { RequestQuery } from './request-query.ts'
import { DocumentSpool, type SpooledDocument } from './spool.ts'

export interface LoadOptions {
  /** What to do with a document whose id is already stored. */
  readonly existing: NonNullable<RequestQuery['existing']>
  /** Take documents that break rules, and tell the reasons; only what cannot be stored at all is left out. */
  readonly lenient: boolean
}

/** What became of a file. */
export interface LoadReport {
  readonly fileName: string
  readonly created: readonly Loaded[]
  readonly replaced: readonly Loaded[]
  /** Stored before, and left as they were. */
  readonly kept: readonly Loaded[]
  readonly files: number
  /** Left out while the others were taken: what cannot be stored even leniently, and what a template forbids. */
  readonly refused: readonly Refused[]
  /** Rules that the documents break, and the reasons for what was refused; empty unless taken leniently. */
  readonly violations: readonly Violation[]
  /** Links of the documents that lead to no file of the package, files that none leads to, and empty lists around. */
  readonly warnings: readonly Violation[]
}

export interface Loaded {
  readonly modelType: string
  readonly id: string
}

export interface Refused {
  readonly modelType: string
  readonly id?: string
  /** Where in the file it stands; the pointers of its violations begin so. */
  readonly origin: string
}

/** Files of a package that are taken in at the same time. */
const RECEIVED_TOGETHER = 32

/** Violations told of one file. */
const LIMIT = 100

/** POST /upload. */
export const uploadFile: OperationHandler = async (context, request) => {
  if (request.upload === undefined)
    throw new HubError('BadRequest', ['The form needs a part "file" with the environment'])
  const report = await load(context, request.upload, {
    existing: request.query.existing ?? 'refuse',
    lenient: context.lenient
  })
  return { status: report.created.length > 0 ? 201 : 200, json: report }
}

/** Takes a file in. @throws HubError with every reason; then nothing of it is stored */
async function load(context: OperationContext, upload: FileUpload, options: LoadOptions): Promise<LoadReport> {
  const folder = await mkdtemp(join(context.scratchFolder, 'upload-'))
  try {
    const path = join(folder, 'file')
    await pipeline(upload.bytes, limited(context.uploadLimit), createWriteStream(path))
    const form = detectFormat(upload.fileName, upload.contentType, await firstBytes(path))
    if (form === undefined) throw new HubError('BadRequest', ['The file is neither AASX nor AAS XML nor AAS JSON'])
    const content = await openEnvironment(path, form, upload.fileName)
    const spool = await DocumentSpool.open(join(folder, 'documents'))
    try {
      return await store(context, upload.fileName, content, spool, options)
    } finally {
      await Promise.all([content.close(), spool.close()])
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A file of a folder that was refused as a whole. */
export interface FailedLoad {
  readonly fileName: string
  readonly error: HubError
}

/** Takes in a file, or every `.aasx`, `.xml` and `.json` file of a folder in the order of their names. */
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
      // What a file says is its author's fault, and no reason to keep the others out; a full disk is.
      if (!(error instanceof HubError) || error.status >= 500) throw error
      return { fileName, error }
    })
  }
}

interface Item {
  readonly kind: FoundDocument['className']
  readonly id: string
  readonly text: SpooledDocument
  readonly facets: readonly Facet[]
  /** Files of the package by the link that leads to them. */
  readonly files: Map<string, PartFile>
}

async function store(
  context: OperationContext,
  fileName: string,
  content: EnvironmentSource,
  spool: DocumentSpool,
  options: LoadOptions
): Promise<LoadReport> {
  const links = new LinkedFiles(content)
  const found = await read(context, content, spool, links, options.lenient)
  // What is there decides what is created and what is replaced, and others may store the same at the same moment.
  return retryConflicts(() => storeAsFound(context, fileName, content, spool, links, found, options))
}

async function storeAsFound(
  context: OperationContext,
  fileName: string,
  content: EnvironmentSource,
  spool: DocumentSpool,
  links: LinkedFiles,
  { items, refused, violations }: Content,
  options: LoadOptions
): Promise<LoadReport> {
  const created: Loaded[] = []
  const replaced: Loaded[] = []
  const kept: Loaded[] = []
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
      changes.push({ change, kind, id, json: { file, at, bytes }, facets })
      if (present) changes.push(...(await orphans(context.store, stored, await spool.read(text))))
    }
  }
  if (options.existing === 'refuse' && replaced.length > 0) throw alreadyThere(replaced)
  const isKept = new Set(kept.map(({ id, modelType }) => `${modelType} ${id}`))
  const taken = items.filter(({ id, kind }) => !isKept.has(`${kind} ${id}`))
  const files = await receiveFiles(context, content, links, taken)
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

interface Content {
  readonly items: readonly Item[]
  readonly refused: readonly Refused[]
  readonly violations: readonly Violation[]
}

/**
 * Every document of the file, checked. Published packages repeat concept descriptions: the same twice is one.
 * @throws HubError `Invalid` where anything is wrong, or leniently where nothing is left to be stored
 */
async function read(
  context: OperationContext,
  content: EnvironmentSource,
  spool: DocumentSpool,
  links: LinkedFiles,
  lenient: boolean
): Promise<Content> {
  const slice = new TimeSlice()
  const items = new Map<string, Item>()
  const refused: Refused[] = []
  const violations: Violation[] = []
  for await (const found of content.documents()) {
    const { document, className, origin } = found
    await slice.check()
    const { broken, reasons } = judge(context, className, document)
    const id = idOf(document)
    const key = `${className} ${id}`
    const twin = reasons.length === 0 ? items.get(key) : undefined
    const text = reasons.length === 0 ? await spool.add(document) : undefined
    if (twin !== undefined && twin.text.digest !== text?.digest) reasons.push(twice(twin))
    const files = links.follow(found)
    if (text === undefined || reasons.length > 0)
      refused.push({ modelType: className, ...(id !== undefined && { id }), origin })
    else if (twin === undefined) {
      const facets = facetsOf(className, document as never)
      items.set(key, { kind: className, id: id ?? '', text, facets, files: new Map(files) })
    } else for (const [link, file] of files) twin.files.set(link, file)
    for (const violation of [...reasons, ...broken].slice(0, LIMIT - violations.length)) {
      violations.push({ ...violation, pointer: `${origin}${violation.pointer}` })
    }
  }
  const isRefused = lenient ? items.size === 0 && refused.length > 0 : violations.length > 0
  if (isRefused) throw new HubError('Invalid', [violations.length], violations)
  return { items: [...items.values()], refused, violations }
}

/** What is wrong with a document, and of it what keeps it from being stored even leniently. */
function judge(
  context: OperationContext,
  className: FoundDocument['className'],
  document: unknown
): { broken: readonly Violation[]; reasons: Violation[] } {
  const broken = validate(className, document, { limit: LIMIT })
  const reasons = broken.length === 0 ? [] : unstorable(className, document, { limit: LIMIT })
  // A template that is enforced is so in lenient times too: somebody asked for it by name.
  if (reasons.length === 0) reasons.push(...context.templates.refused(document as Documents[DocumentClass]))
  const isTold = new Set(reasons.map(({ pointer }) => pointer))
  return { broken: broken.filter(({ pointer }) => !isTold.has(pointer)), reasons }
}

function idOf(document: unknown): string | undefined {
  const { id } = Object(document) as { id?: unknown }
  return typeof id === 'string' ? id : undefined
}

function twice({ kind, id }: Item): Violation {
  const text = `the ${kind} "${id}" stands in the file twice, with different content; the first counts`
  return { pointer: '', rule: 'id', text }
}

/** Gives every file of the package to the documents that link to it; what none links to stays with the first. */
async function receiveFiles(
  context: OperationContext,
  content: EnvironmentSource,
  links: LinkedFiles,
  items: readonly Item[]
): Promise<Change[]> {
  const owners = items.filter(({ kind }) => kind !== 'ConceptDescription')
  const first = owners.find(({ kind }) => kind === 'AssetAdministrationShell') ?? owners[0]
  if (first === undefined) return []
  const entries = new Map<Item, FileEntry[]>()
  const give = (item: Item, entry: FileEntry) => entries.set(item, [...(entries.get(item) ?? []), entry])
  // A document's own spelling of its link is what the file is kept under.
  const linking = new Map<PartFile, { item: Item; name: string }[]>()
  for (const item of owners) {
    for (const [name, file] of item.files) linking.set(file, [...(linking.get(file) ?? []), { item, name }])
  }
  const { thumbnail } = content
  const isOfPackage = (file: PartFile) => file === thumbnail && first.kind === 'AssetAdministrationShell'
  const all = thumbnail === undefined ? content.files : [...content.files, thumbnail]
  // Documents that are kept as they were have their files already.
  const wanted = all.filter((file) => linking.has(file) || !links.isLinked(file) || isOfPackage(file))
  const received = inOrder(wanted, RECEIVED_TOGETHER, async (file) => ({ file, entry: await receive(context, file) }))
  // Together, as each waits for the disk several times; given in the order of the package.
  for await (const { file, entry } of received) {
    const owned = linking.get(file) ?? []
    const isPackageThumbnail = isOfPackage(file)
    for (const { item, name } of owned) give(item, { ...entry, name })
    if (owned.length === 0) give(first, isPackageThumbnail ? { ...entry, name: packageThumbnail(file.name) } : entry)
  }
  return [...entries].map(([{ kind, id }, files]) => ({ change: 'attach', kind: kind as DocumentKind, id, files }))
}

/** Results in the order of the items, up to so many of them under way; when one fails, what is under way is awaited. */
async function* inOrder<Item, Result>(
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

async function receive(context: OperationContext, { name, contentType, open }: PartFile): Promise<FileEntry> {
  const { blob, size } = await context.store.receive(await open(), context.uploadLimit)
  return { name, contentType, fileName: basename(decodePartName(name)), size, blob }
}

function alreadyThere(loaded: readonly Loaded[]): HubError {
  const violations = loaded.slice(0, LIMIT).map(({ modelType, id }) => ({
    pointer: '',
    rule: 'AlreadyExists',
    text: `${modelType} "${id}" is already stored; upload with existing=replace or existing=keep`
  }))
  return new HubError('AlreadyExists', ['A document of the file,', loaded[0]?.id ?? ''], violations)
}

function limited(limit: number): Transform {
  let size = 0
  return new Transform({
    transform(part: Buffer, _encoding, done) {
      size += part.length
      if (size > limit) done(new HubError('TooLarge', [`The file is larger than ${limit} bytes`]))
      else done(null, part)
    }
  })
}

async function firstBytes(path: string): Promise<Uint8Array> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1024), 0, 1024, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
