/** Streams the ZIP archive of a data set; statistics are collected on the way and written after the data. */
import { createHash, randomUUID } from 'node:crypto'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ZipFile } from 'yazl'
import { HubError } from '../../errors.ts'
import { writeJson } from '../../formats/environment.ts'
import { timeFormatter, type WriteOptions } from '../../formats/tables/time-format.ts'
import { type TableFormat, type TableWriter, writers } from '../../formats/tables/writers.ts'
import type { Interval } from '../../model/interval.ts'
import { parseStoredPath } from '../../model/path.ts'
import { earlier, later } from '../../model/time.ts'
import { ceilTo, type TimeGrid, timeGrid } from '../../model/time-grid.ts'
import type { Identifiable, LangString, Submodel } from '../../model/types.ts'
import { resolve } from '../../model/walk.ts'
import { requireUndamaged } from '../../store/damage.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import { parseDocument } from '../../store/parse-document.ts'
import type { TimeSlice } from '../../time-slice.ts'
import { EARLIEST, type History, LATEST } from '../history/history.ts'
import { checkGrid, type TableRequest, tableOf } from '../history/table.ts'
import { type TableShape, tableRequestOf, writeOptionsOf } from '../history/table-task.ts'
import type { Variable } from '../history/variables.ts'
import {
  type CollectionMethod,
  type DatasetDescription,
  type DescribedVariable,
  datasetSubmodel,
  dictionary,
  guidebook,
  type TableStatistics,
  withStatistics
} from './dataset.ts'

/** What is asked for, as plain data, so that any thread can make it. */
export interface DatasetTask {
  readonly shape: TableShape
  readonly variables: readonly Variable[]
  readonly format: TableFormat
  /** One data file per cell of it in the time zone; absent: a single file. */
  readonly period?: Interval
  readonly purpose: string
  /** URL of the hub. */
  readonly source: string
  /** The guidebook alone, as text, instead of the archive. */
  readonly isGuidebook?: boolean
}

/** Name of the task in a pool of threads. */
export const DATASET_TASK = 'dataset'

interface DatasetRequest {
  readonly request: TableRequest
  readonly writer: TableWriter
  /** One data file per cell; absent: a single file. */
  readonly period?: TimeGrid
  /** Format of times in the table, and in file names of periods. */
  readonly times: WriteOptions
  readonly purpose: string
  readonly source: string
}

/** Type of the qualifier with the collection method of an element. */
const COLLECTION_METHOD = 'CollectionMethod'

/** Data files in one archive. */
const MAX_DATA_FILES = 10_000

/**
 * @param slice of the request
 * @param signal aborts the work
 * @returns the bytes of a ZIP file
 * @throws HubError `BadRequest` if there would be too many rows or files
 */
export async function datasetArchive(
  store: DocumentStore,
  history: History,
  task: DatasetTask,
  { slice, signal }: { slice: TimeSlice; signal: AbortSignal }
): Promise<Readable> {
  const { shape, variables, format, period, purpose, source } = task
  const times = writeOptionsOf(shape)
  const asked: DatasetRequest = {
    ...{ request: tableRequestOf(shape, variables), writer: writers[format], times, purpose, source },
    ...(period !== undefined && { period: timeGrid(period, times.zone) })
  }
  await checkGrid(history, asked.request)
  const files = await dataFilesOf(history, asked)
  const described = await describeAll(store, variables, slice)
  const contents = { ...asked, files, described, slice, signal }
  if (task.isGuidebook === true) return Readable.from([Buffer.from(await guidebookAlone(history, contents))])
  const zip = new ZipFile()
  const out = new PassThrough()
  zip.outputStream.pipe(out)
  write(zip, store, history, contents).catch((error: Error) => out.destroy(error))
  return out
}

/** What the archive would have as its README. */
async function guidebookAlone(history: History, asked: ArchiveContents): Promise<string> {
  const whole: TableStatistics[] = []
  for (const { from, to } of asked.files) {
    const { table, statistics } = withStatistics(await tableOfFile(history, asked, { from, to }), hasQuality(asked))
    for await (const _ of table.batches) await asked.slice.pause()
    whole.push(statistics)
  }
  const names = asked.files.map(({ name }) => name)
  return guidebook(descriptionOf(asked, names, combinedStatistics(whole)), asked.purpose)
}

/** As the table has it: aggregates and grids have none. */
function hasQuality({ request: { quality = false, grid, aggregates = [], align = 'none' } }: DatasetRequest): boolean {
  return quality && (grid === undefined || (aggregates.length === 0 && align === 'none'))
}

function tableOfFile(
  history: History,
  { request, writer, slice }: ArchiveContents,
  { from, to }: Pick<DataFile, 'from' | 'to'>
) {
  const part = { ...request, ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
  return tableOf(history, part, { slice, typesFirst: writer.typesFirst })
}

function descriptionOf(
  { writer, described, source }: ArchiveContents,
  files: readonly string[],
  statistics: TableStatistics
): DatasetDescription {
  return {
    id: `urn:uuid:${randomUUID()}`,
    ...{ files, contentType: writer.contentType, variables: described, statistics, source },
    made: new Date().toISOString()
  }
}

async function write(zip: ZipFile, store: DocumentStore, history: History, asked: ArchiveContents): Promise<void> {
  const { writer, purpose, times, described, slice, signal } = asked
  const manifest: Record<string, { readonly size: number; readonly sha256: string }> = {}
  const whole: TableStatistics[] = []
  for (const { name, from, to } of asked.files) {
    const { table, statistics } = withStatistics(await tableOfFile(history, asked, { from, to }), hasQuality(asked))
    await add(name, writer.write(table, times))
    whole.push(statistics)
  }
  const statistics = combinedStatistics(whole)
  const description = descriptionOf(asked, Object.keys(manifest), statistics)
  const environment = writeJson(identifiables(store, described))
  await add('data-dictionary.csv', [Buffer.from(dictionary(described, statistics))])
  await add('dataset.json', [Buffer.from(JSON.stringify({ submodels: [datasetSubmodel(description)] }, null, 2))])
  await add('environment.json', environment)
  await add('README.md', [Buffer.from(guidebook(description, purpose))])
  await add('manifest.json', [Buffer.from(JSON.stringify(manifest, null, 2))])
  zip.end()

  /** One file at a time, with back-pressure. */
  async function add(name: string, bytes: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array>): Promise<void> {
    const hash = createHash('sha256')
    let size = 0
    const passing = new PassThrough()
    zip.addReadStream(passing, name)
    await pipeline(
      async function* () {
        for await (const part of bytes) {
          const chunk = typeof part === 'string' ? Buffer.from(part) : part
          hash.update(chunk)
          size += chunk.length
          yield chunk
          await slice.pause()
        }
      },
      passing,
      { signal }
    )
    manifest[name] = { size, sha256: hash.digest('hex') }
  }
}

interface DataFile {
  readonly name: string
  readonly from?: bigint | undefined
  readonly to?: bigint | undefined
}

interface ArchiveContents extends DatasetRequest {
  readonly files: readonly DataFile[]
  readonly described: readonly DescribedVariable[]
  readonly slice: TimeSlice
  readonly signal: AbortSignal
}

/** The data files: one, or one per period from the first sample to the last. */
async function dataFilesOf(
  history: History,
  { request, writer, period, times }: DatasetRequest
): Promise<readonly DataFile[]> {
  if (period === undefined) return [{ name: `data.${writer.extension}` }]
  const spans = (await Promise.all(request.variables.map((variable) => history.spanOf(variable)))).filter(
    (span) => span !== undefined
  )
  const first = request.from ?? spans.map(({ from }) => from).reduce(earlier, LATEST)
  const last = request.to ?? spans.map(({ to }) => to).reduce(later, EARLIEST)
  if (spans.length === 0) return []
  const name = timeFormatter({ ...(times.zone && { zone: times.zone }) })
  const files: DataFile[] = []
  for (let start = period.startOf(first); start <= last; ) {
    const next = period.next(start)
    const stamp = name(start).replace(/\.\d+/, '').replaceAll(':', '')
    const { from, to } = withWholeBuckets(request, later(start, first), earlier(next - 1n, last))
    if (from <= to) files.push({ name: `data-${stamp}.${writer.extension}`, from, to })
    if (files.length > MAX_DATA_FILES) {
      throw new HubError('BadRequest', [
        `An archive holds ${MAX_DATA_FILES} files of data at most; choose a longer "period", or a shorter time by "from" and "to"`
      ])
    }
    start = next
  }
  return files

  /** A bucket belongs to the file of the period in which it starts. */
  function withWholeBuckets({ grid, aggregates = [] }: TableRequest, from: bigint, to: bigint) {
    if (grid === undefined || aggregates.length === 0) return { from, to }
    return {
      from: from === first ? from : ceilTo(grid, from),
      to: to === last ? to : ceilTo(grid, to + 1n) - 1n
    }
  }
}

function combinedStatistics(all: readonly TableStatistics[]): TableStatistics {
  const [first, ...more] = all
  if (first === undefined) return { rows: 0, from: undefined, to: undefined, columns: [] }
  for (const { rows, from, to, columns } of more) {
    first.rows += rows
    first.from ??= from
    first.to = to ?? first.to
    for (const [index, column] of first.columns.entries()) {
      column.count += columns[index]?.count ?? 0
      column.min = Math.min(column.min, columns[index]?.min ?? column.min)
      column.max = Math.max(column.max, columns[index]?.max ?? column.max)
    }
  }
  return first
}

/** Reads each submodel once, and one at a time: it may be large, and have all of the variables. */
async function describeAll(
  store: DocumentStore,
  variables: readonly Variable[],
  slice: TimeSlice
): Promise<readonly DescribedVariable[]> {
  const described = new Map<Variable, DescribedVariable>()
  for (const [id, itsOwn] of Map.groupBy(variables, ({ submodel }) => submodel)) {
    const document = await store.document('Submodel', id)
    const submodel = document && (parseDocument(document) as Submodel)
    for (const variable of itsOwn) {
      described.set(variable, await describe(store, submodel, variable))
      await slice.check()
    }
  }
  return variables.map((variable) => described.get(variable) as DescribedVariable)
}

async function describe(
  store: DocumentStore,
  submodel: Submodel | undefined,
  variable: Variable
): Promise<DescribedVariable> {
  const element = submodel && resolve(submodel, parseStoredPath(variable.path) ?? [])
  const concept =
    variable.semanticId === undefined ? undefined : await store.document('ConceptDescription', variable.semanticId)
  const names = concept && preferredNames(JSON.parse(concept.bytes.toString()))
  const called = (language: string) =>
    [element?.displayName, names].flatMap((texts) => texts ?? []).find((one) => one.language?.startsWith(language))
      ?.text
  const method = element?.qualifiers?.find(({ type }) => type === COLLECTION_METHOD)?.value
  return {
    variable,
    english: called('en') ?? element?.idShort ?? variable.path,
    korean: called('ko') ?? '',
    method: method === 'manual' || method === 'semi-automatic' ? (method as CollectionMethod) : 'automatic'
  }
}

function preferredNames(concept: {
  embeddedDataSpecifications?: { dataSpecificationContent?: { preferredName?: LangString[] } }[]
}): LangString[] {
  return (
    concept.embeddedDataSpecifications?.flatMap(
      ({ dataSpecificationContent }) => dataSpecificationContent?.preferredName ?? []
    ) ?? []
  )
}

/** The submodels, the shells that refer to them, and the concept descriptions of the variables. */
async function* identifiables(
  store: DocumentStore,
  described: readonly DescribedVariable[]
): AsyncGenerator<Identifiable> {
  const submodels = new Set(described.map(({ variable }) => variable.submodel))
  const concepts = new Set(described.flatMap(({ variable }) => variable.semanticId ?? []))
  const shells = new Set<string>()
  for (const id of submodels) {
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page = await store.documents('AssetAdministrationShell', [['submodel', id]], { after, limit: 100 })
      for (const shell of requireUndamaged(page)) {
        if (shells.has(shell.id)) continue
        shells.add(shell.id)
        yield JSON.parse(shell.bytes.toString())
      }
      after = page.next
    }
  }
  for (const id of submodels) {
    const document = await store.document('Submodel', id)
    if (document !== undefined) yield JSON.parse(document.bytes.toString())
  }
  for (const id of concepts) {
    const document = await store.document('ConceptDescription', id)
    if (document !== undefined) yield JSON.parse(document.bytes.toString())
  }
}
