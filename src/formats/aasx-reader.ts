/** Reads AASX packages part by part from a file on disk, or from anywhere in ranges. */

import { close, open } from 'node:fs'
import { finished, type Readable, Transform } from 'node:stream'
import { promisify } from 'node:util'
import { SaxesParser } from 'saxes'
import { type Entry, fromFd, fromRandomAccessReader, type Options, RandomAccessReader, type ZipFile } from 'yauzl'
import { HubError, type Violation } from '../errors.ts'
import {
  countBytes,
  type EnvironmentSource,
  type FoundDocument,
  type PackageFacts,
  type PartFile,
  type ReadLimits
} from './environment-source.ts'
import { readJson } from './json-stream.ts'
import { CONTENT_TYPES, mediaTypeOf, type Relationship, relationshipOf, relationshipsOf, resolveTarget } from './opc.ts'
import { partsOfLink } from './part-links.ts'
import { decodePartName, loosePartKey, partKey, partName } from './part-names.ts'
import { readXml } from './xml-reader.ts'
import { entryNames } from './zip-names.ts'

/** Relationship and content-type parts are small; larger ones are refused. */
const MAX_METADATA_PART_BYTES = 4 * 2 ** 20

/** A link, and thus the name of a linked part, has at most 2,048 characters. */
const MAX_NAME_BYTES = 4096

/** A part that compresses better is unpacked only if it is small: it is probably a zip bomb. */
const MAX_COMPRESSION_RATIO = 1000

/** A package that is not a file of its own on disk. */
export interface RangedBytes {
  readonly size: number
  /** @param end exclusive */
  open(start: number, end: number): Readable
}

/**
 * Opens a package and resolves its relationships.
 * @param from the path of a file, or what is read in ranges, so that files in the package are not read
 * @throws HubError `BadRequest` if it is not an AASX package, `TooLarge` beyond the limits
 */
export async function openAasx(from: string | RangedBytes, limits: ReadLimits): Promise<EnvironmentSource> {
  const zip = await (typeof from === 'string' ? openZip(from) : openRanges(from))
  try {
    const parts = await listParts(zip, limits)
    const related = async (source: string) =>
      relationships(source, await readSmall(zip, parts, relationshipsOf(source)), parts)
    const declared = contentTypes(await readSmall(zip, parts, `/${CONTENT_TYPES}`))
    const typeOf = (name: string) => declared.ofPart(name) ?? declared.ofExtension(name) ?? mediaTypeOf(name)
    const root = await related('')
    const [origin] = targetsOf(root, 'origin')
    if (origin === undefined) throw refused('it has no relationship to an AASX origin', root)
    const fromOrigin = await related(origin)
    const specs = new Map<string, PackagePart>()
    for (const target of targetsOf(fromOrigin, 'spec')) {
      specs.set(partKey(target), requirePart(parts, target))
      // A specification may be split; its other parts are related to the first.
      if (parts.find(relationshipsOf(target)) === undefined) continue
      for (const further of targetsOf(await related(target), 'split')) {
        specs.set(partKey(further), requirePart(parts, further))
      }
    }
    if (specs.size === 0) throw refused('its origin has no relationship to an AAS specification', fromOrigin)

    const [thumbnailPart] = targetsOf(root, 'thumbnail')
    const thumbnail = thumbnailPart === undefined ? undefined : parts.find(thumbnailPart)
    const own = new Set([partKey(origin), ...specs.keys()])
    const all = new Map<PackagePart, PartFile>()
    const notes: Violation[] = []
    for (const part of parts.all) {
      const { entry, name } = part
      if (own.has(partKey(name)) || isPackageMetadata(name)) continue
      const size = entry.uncompressedSize
      all.set(part, { name, contentType: typeOf(name), size, open: () => openEntry(zip, entry) })
    }
    return {
      documents: (onProgress) => documents(zip, [...specs.values()], { typeOf, limits, notes }, onProgress),
      notes,
      size: [...specs.values()].reduce((sum, { entry }) => sum + entry.uncompressedSize, 0),
      files: [...all].flatMap(([part, file]) => (part === thumbnail ? [] : [file])),
      ...(thumbnail && all.has(thumbnail) && { thumbnail: all.get(thumbnail) as PartFile }),
      fileOf: (link, { part = '' }) => {
        for (const name of partsOfLink(link, part)) {
          const file = all.get(parts.find(name) as PackagePart)
          if (file !== undefined) return file
        }
        return undefined
      },
      facts: () => factsOf(zip, parts, declared),
      close: async () => zip.close()
    }
  } catch (error) {
    zip.close()
    throw error
  }
}

/** Reads every part with relationships. */
async function factsOf(zip: ZipFile, parts: PackageParts, declared: DeclaredTypes): Promise<PackageFacts> {
  const dangling: PackageFacts['dangling'][number][] = []
  const thumbnails: string[] = []
  for (const { name } of parts.all) {
    const [, folder, file] = /^(.*)\/_rels\/([^/]*)\.rels$/i.exec(name) ?? []
    if (folder === undefined || file === undefined) continue
    const source = file === '' ? '' : `${folder}/${file}`
    for (const { Type = '', Target = '', TargetMode } of attributesOf(
      await readSmall(zip, parts, name),
      'Relationship'
    )) {
      const target = resolveTarget(source, Target)
      if (relationshipOf(Type) === 'thumbnail' && target !== undefined) thumbnails.push(target)
      if (TargetMode !== 'External' && (target === undefined || parts.find(target) === undefined))
        dangling.push({ source: source || '/', target: Target.slice(0, 200) })
    }
  }
  const contentTypeOf = (name: string) => {
    if (declared.ofPart(name) !== undefined) return 'part'
    return declared.ofExtension(name) === undefined ? undefined : 'extension'
  }
  return { hasPart: (name) => parts.find(name) !== undefined, contentTypeOf, thumbnails, dangling }
}

/** The targets of relationships of a type. */
function targetsOf(relationships: readonly Relationship[], wanted: Relationship['type']): string[] {
  return relationships.flatMap(({ type, target }) => (type === wanted && target !== undefined ? [target] : []))
}

interface PackagePart {
  readonly name: string
  readonly entry: Entry
}

async function* documents(
  zip: ZipFile,
  specs: readonly PackagePart[],
  { typeOf, limits, notes }: { typeOf: (name: string) => string; limits: ReadLimits; notes: Violation[] },
  onProgress: (bytes: number) => void = () => {}
): AsyncGenerator<FoundDocument> {
  let before = 0
  for (const { name, entry } of specs) {
    const isJson = /json/i.test(typeOf(name)) || /\.json$/i.test(name)
    const bytes = countBytes(await openEntry(zip, entry), onProgress, before)
    before += entry.uncompressedSize
    for await (const found of (isJson ? readJson : readXml)(bytes, decodePartName(name), limits, notes))
      yield { ...found, part: name }
  }
}

/** The parts of a package, found by any spelling of their names. */
class PackageParts {
  readonly all: PackagePart[] = []
  readonly #byName = new Map<string, PackagePart>()
  /** By other spellings that are used for part names in practice. */
  readonly #byLooseName = new Map<string, PackagePart>()

  add(part: PackagePart, otherNames: readonly string[]): void {
    const key = partKey(part.name)
    if (this.#byName.has(key)) throw refused(`it has two parts of the name "${part.name}"`)
    this.#byName.set(key, part)
    this.all.push(part)
    // Some writers percent-encode the names of parts twice, but not those in links.
    for (const name of [part.name, decodePartName(part.name), ...otherNames]) {
      const loose = loosePartKey(name)
      if (!this.#byLooseName.has(loose)) this.#byLooseName.set(loose, part)
    }
  }

  find(name: string): PackagePart | undefined {
    return this.#byName.get(partKey(name)) ?? this.#byLooseName.get(loosePartKey(name))
  }
}

/** All parts, checked before anything is unpacked. */
async function listParts(zip: ZipFile, limits: ReadLimits): Promise<PackageParts> {
  if (zip.entryCount > limits.entries)
    throw tooLarge(`it has ${zip.entryCount} parts; at most ${limits.entries} are taken`)
  const parts = new PackageParts()
  let bytes = 0
  for await (const entry of entries(zip)) {
    const [fileName = '', ...others] = entryNames(entry)
    if (fileName.endsWith('/')) continue
    if (entry.fileNameRaw.length > MAX_NAME_BYTES)
      throw refused(`a part has a name of more than ${MAX_NAME_BYTES} bytes`)
    const name = checkedName(fileName)
    const { compressedSize, uncompressedSize } = entry
    if (entry.isEncrypted()) throw refused(`the part "${name}" is encrypted`)
    bytes += uncompressedSize
    if (bytes > limits.expandedBytes) throw tooLarge(`unpacked it is larger than ${limits.expandedBytes} bytes`)
    if (uncompressedSize > MAX_METADATA_PART_BYTES && uncompressedSize > compressedSize * MAX_COMPRESSION_RATIO) {
      throw tooLarge(`the part "${name}" unpacks to more than ${MAX_COMPRESSION_RATIO} times its size`)
    }
    parts.add({ name, entry }, others)
  }
  return parts
}

/** @throws HubError if the name would lead out of the package */
function checkedName(fileName: string): string {
  const decoded = decodePartName(fileName)
  const unsafe = decoded.split(/[\\/]/).some((step) => step === '..' || step === '.' || step === '')
  if (unsafe || decoded.includes('\0') || /^[a-zA-Z]:/.test(decoded))
    throw refused(`"${fileName}" is not a valid part name`)
  return partName(fileName)
}

/** Parts of the package format itself, to which no document refers. */
function isPackageMetadata(name: string): boolean {
  const key = partKey(name)
  return key === CONTENT_TYPES_KEY || /(^|\/)_rels\/[^/]*\.rels$/.test(key) || key === '/aasx/aasx-origin'
}

const CONTENT_TYPES_KEY = partKey(`/${CONTENT_TYPES}`)

const ZIP_OPTIONS: Options = { lazyEntries: true, autoClose: false, validateEntrySizes: true, decodeStrings: false }

async function openZip(path: string): Promise<ZipFile> {
  const descriptor = await promisify(open)(path, 'r')
  try {
    return await new Promise((resolve, reject) => {
      fromFd(descriptor, ZIP_OPTIONS, (error, zip) => (error ? reject(refused(error.message)) : resolve(zip)))
    })
  } catch (error) {
    await promisify(close)(descriptor)
    throw error
  }
}

function openRanges(bytes: RangedBytes): Promise<ZipFile> {
  class Reader extends RandomAccessReader {
    override _readStreamForRange(start: number, end: number): Readable {
      return bytes.open(start, end)
    }
  }
  return new Promise((resolve, reject) => {
    fromRandomAccessReader(new Reader(), bytes.size, ZIP_OPTIONS, (error, zip) =>
      error ? reject(refused(error.message)) : resolve(zip)
    )
  })
}

function entries(zip: ZipFile): AsyncIterable<Entry> {
  const waiting: { resolve(entry: Entry | undefined): void; reject(error: unknown): void }[] = []
  zip.on('entry', (entry: Entry) => waiting.shift()?.resolve(entry))
  zip.on('end', () => waiting.shift()?.resolve(undefined))
  zip.on('error', (error: Error) => waiting.shift()?.reject(refused(error.message)))
  return {
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const entry = await new Promise<Entry | undefined>((resolve, reject) => {
          waiting.push({ resolve, reject })
          zip.readEntry()
        })
        if (entry === undefined) return
        yield entry
      }
    }
  }
}

/** The bytes of a part; defects of the zip are reported as a bad request. */
async function openEntry(zip: ZipFile, entry: Entry): Promise<Readable> {
  const source = await new Promise<Readable>((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => (error ? reject(refused(error.message)) : resolve(stream)))
  })
  const output = new Transform({ transform: (part, _encoding, done) => done(null, part) })
  finished(source, { writable: false }, (error) => {
    if (error) output.destroy(refused(error.message))
  })
  finished(output, () => source.destroy())
  return source.pipe(output)
}

/** @throws HubError if the package has no such part */
function requirePart(parts: PackageParts, name: string): PackagePart {
  const part = parts.find(name)
  if (part === undefined) throw refused(`the part "${name}" is missing`)
  return part
}

async function readSmall(zip: ZipFile, parts: PackageParts, name: string): Promise<string> {
  const part = requirePart(parts, name)
  if (part.entry.uncompressedSize > MAX_METADATA_PART_BYTES)
    throw tooLarge(`the part "${name}" is larger than ${MAX_METADATA_PART_BYTES} bytes`)
  const pieces: Uint8Array[] = []
  for await (const piece of await openEntry(zip, part.entry)) pieces.push(piece as Uint8Array)
  return Buffer.concat(pieces).toString()
}

/** The attributes of all elements with this name. */
function attributesOf(xml: string, elementName: string): Record<string, string>[] {
  const found: Record<string, string>[] = []
  const parser = new SaxesParser()
  parser.on('error', (error) => {
    throw refused(error.message)
  })
  parser.on('doctype', () => {
    throw refused('a document type (<!DOCTYPE …>) is not allowed')
  })
  // These parts are two elements deep with a few attributes each; the parser keeps open elements in memory.
  let depth = 0
  let count = 0
  parser.on('opentagstart', () => {
    count = 0
    if (++depth > 16) throw refused('its relationships or content types are nested too deep')
  })
  parser.on('attribute', () => {
    if (++count > 16) throw refused('its relationships or content types have too many attributes')
  })
  parser.on('closetag', () => {
    depth--
  })
  parser.on('opentag', ({ name, attributes }) => {
    if (name.slice(name.indexOf(':') + 1) === elementName) found.push({ ...attributes })
  })
  parser.write(xml.replace(/^\uFEFF/, '')).close()
  return found
}

function relationships(source: string, xml: string, parts: PackageParts): Relationship[] {
  const found: Relationship[] = []
  for (const { Type = '', Target = '', TargetMode } of attributesOf(xml, 'Relationship')) {
    const type = relationshipOf(Type)
    if (type === undefined) continue
    const target = resolveTarget(source, Target)
    if (TargetMode === 'External') {
      // AAS4J up to 2.0.1 marks every target as external, also parts of the package.
      const isPart = target !== undefined && parts.find(target) !== undefined
      found.push(isPart ? { type, target } : { type, external: Target.slice(0, 200) })
    } else if (target === undefined) throw refused(`"${Target.slice(0, 200)}" is not a valid part name`)
    else found.push({ type, target })
  }
  return found
}

interface DeclaredTypes {
  ofPart(name: string): string | undefined
  ofExtension(name: string): string | undefined
}

function contentTypes(xml: string): DeclaredTypes {
  const overrides = new Map(
    attributesOf(xml, 'Override').map((it) => [partKey(it.PartName ?? ''), it.ContentType ?? ''])
  )
  const defaults = new Map(
    attributesOf(xml, 'Default').map((it) => [it.Extension?.toLowerCase(), it.ContentType ?? ''])
  )
  return {
    ofPart: (name) => overrides.get(partKey(name)),
    ofExtension: (name) => defaults.get(name.slice(name.lastIndexOf('.') + 1).toLowerCase())
  }
}

/** @param found the relationships searched in vain; an external one among them may be the reason */
function refused(text: string, found: readonly Relationship[] = []): HubError {
  const external = found.find((relationship) => relationship.external !== undefined)?.external
  const reason =
    external === undefined ? '' : `; "${external}", which is marked as external, is not part of the package`
  return new HubError('BadRequest', [`This is not an AASX package that can be read: ${text.slice(0, 300)}${reason}`])
}

function tooLarge(text: string): HubError {
  return new HubError('TooLarge', [`The package is too large: ${text}`])
}
