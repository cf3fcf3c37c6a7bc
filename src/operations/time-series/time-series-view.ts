/**
 * Shows submodels of IDTA 02008, Time Series Data, with segments generated from the history. The generated segments are
 * not stored: records written into them become samples of the history. Segments made by clients are stored as part of
 * the submodel and stand beside them.
 *
 * Operations read and write submodels through the view, so all of them see the segments: content modifiers, paths,
 * lists, packages, invocations. The element index covers stored elements only: queries do not find generated ones.
 * Consumers of the log and ingest use the store itself.
 */
import { HubError } from '../../errors.ts'
import type { Submodel, SubmodelElement } from '../../model/types.ts'
import { readValueMembers, writeValueMembers } from '../../model/value-members.ts'
import type { Access } from '../../security/access.ts'
import { VisibleSeries } from '../../security/visible-series.ts'
import { unlessDamaged } from '../../store/damage.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import { readText } from '../../store/document-text.ts'
import type { Change, Commit, Document, DocumentKind, ElementRow, Page, Store } from '../../store/store.ts'
import { visibleReads } from '../history/visible-history.ts'
import type { Ingest } from '../samples/ingest.ts'
import { elementAt, isGeneratedPath, isRecordPath, notWritable, refuseUnsupported } from './generated-paths.ts'
import { importSamples, type RecordSample, samplesOfSegment, withoutKnown } from './record-import.ts'
import { RenderedSubmodels, type RenderedSubmodelsOptions, refuseParts } from './rendered-submodels.ts'
import { removeGeneratedSegments, segmentNamesFor, segmentPathsFor, segmentsOf } from './segments.ts'
import { type RecordVariable, timeSeriesOf } from './series.ts'
import { hasTerm, TIME_SERIES } from './vocabulary.ts'

export interface TimeSeriesViewOptions extends RenderedSubmodelsOptions {
  readonly store: DocumentStore & Pick<Store, 'figures'>
  readonly ingest: Ingest
}

/** What one caller may read: samples that are hidden from it are in no generated segment. */
export type ReadsOf = (access: Access) => DocumentStore

/** The commits of one caller: samples of written records are pushed as the caller may. */
export type CommitsOf = (access: Access) => Pick<DocumentStore, 'commit'>

/** A store whose {@link TimeSeriesView} methods show the segments; everything else is the store's own. */
export function withTimeSeriesView(
  options: TimeSeriesViewOptions
): DocumentStore & { readonly commitsOf: CommitsOf; readonly readsOf: ReadsOf } {
  const { store } = options
  const view = new TimeSeriesView(options)
  const hub = storeOf(store, view)
  return {
    ...hub,
    commitsOf: (access) => ({ commit: (changes) => view.commit(changes, access) }),
    readsOf: (access) => (access.ofKind('READ', 'Submodel') === 'allowed' ? hub : new SubjectReads(store, view, access))
  }
}

function storeOf(store: DocumentStore, view: TimeSeriesView): DocumentStore {
  return {
    document: (kind, id) => view.document(kind, id),
    documents: (...args) => view.documents(...args),
    element: (submodel, path) => view.element(submodel, path),
    commit: (changes) => view.commit(changes),
    head: (kind, id) => store.head(kind, id),
    file: (...args) => store.file(...args),
    files: (...args) => store.files(...args),
    open: (...args) => store.open(...args),
    receive: (...args) => store.receive(...args)
  }
}

/** The reads of one caller; most submodels show no time series, and cost no view of their own. */
class SubjectReads implements DocumentStore {
  readonly #store: DocumentStore
  readonly #view: TimeSeriesView
  readonly #access: Access
  #own: TimeSeriesView | undefined

  constructor(store: DocumentStore, view: TimeSeriesView, access: Access) {
    this.#store = store
    this.#view = view
    this.#access = access
  }

  document(kind: DocumentKind, id: string): Promise<Document | undefined> {
    const found = this.#store.document(kind, id)
    if (kind !== 'Submodel') return found
    return found.then(
      (stored) => stored && (this.#view.isPlain(stored) ? stored : this.#segments.render(stored)),
      refuseParts
    )
  }

  documents(...args: Parameters<Store['documents']>): Promise<Page<Document>> {
    return this.#segments.documents(...args)
  }

  element(submodel: string, path: string): Promise<ElementRow | undefined> {
    return this.#store.element(submodel, path).then((row) => row ?? this.#segments.element(submodel, path))
  }

  head(kind: DocumentKind, id: string) {
    return this.#store.head(kind, id)
  }

  commit(changes: readonly Change[]): Promise<Commit> {
    return this.#view.commit(changes, this.#access)
  }

  file(...args: Parameters<DocumentStore['file']>) {
    return this.#store.file(...args)
  }

  files(...args: Parameters<DocumentStore['files']>) {
    return this.#store.files(...args)
  }

  open(...args: Parameters<DocumentStore['open']>) {
    return this.#store.open(...args)
  }

  receive(...args: Parameters<DocumentStore['receive']>) {
    return this.#store.receive(...args)
  }

  get #segments(): TimeSeriesView {
    this.#own ??= this.#view.as(this.#access)
    return this.#own
  }
}

type ChangeOf<Name extends Change['change']> = Extract<Change, { change: Name }>

/** What remains to be stored of a written submodel, and the samples taken out of it. */
interface Split {
  readonly change?: Change
  readonly samples: readonly RecordSample[]
}

/** Bytes of rendered submodels on one page; all of them are in memory at once. */
const PAGE_BYTES = 8 * 1024 * 1024

/**
 * The methods of the store that deal with generated segments. Reads add them: `document` and `documents` to submodels,
 * `element` as elements of their own. `commit` takes them out, and is two commits: that of the store, then a push of the
 * samples. Revisions of a rendered submodel are translated into those of the stored one and back.
 */
class TimeSeriesView implements Pick<DocumentStore, 'document' | 'documents' | 'element' | 'commit'> {
  readonly #options: TimeSeriesViewOptions
  readonly #rendered: RenderedSubmodels

  constructor(options: TimeSeriesViewOptions, rendered = new RenderedSubmodels(options)) {
    this.#options = options
    this.#rendered = rendered
  }

  /** For one request. */
  as(access: Access): TimeSeriesView {
    const history = visibleReads(this.#options.history, new VisibleSeries(access, this.#options.store))
    return new TimeSeriesView(this.#options, this.#rendered.withHistory(history))
  }

  isPlain(stored: Document): boolean {
    return this.#rendered.isPlain(stored)
  }

  render(stored: Document): Document | Promise<Document> {
    return this.#rendered.documentFor(stored)
  }

  document(kind: DocumentKind, id: string): Promise<Document | undefined> {
    const found = this.#options.store.document(kind, id)
    return kind === 'Submodel'
      ? found.then((stored) => stored && this.#rendered.documentFor(stored), refuseParts)
      : found
  }

  documents(...args: Parameters<Store['documents']>): Promise<Page<Document>> {
    const found = this.#options.store.documents(...args)
    return args[0] === 'Submodel' ? found.then((page) => this.#renderPage(page)) : found
  }

  element(submodel: string, path: string): Promise<ElementRow | undefined> {
    return this.#options.store.element(submodel, path).then((row) => row ?? this.#generatedElement(submodel, path))
  }

  /**
   * Stores what is to be stored, then pushes the samples of written records. Everything is refused beforehand if a record
   * cannot become a sample. The two are not one transaction: if the push fails for lack of space the caller gets the
   * error although the rest is stored, and may repeat the write, which is idempotent.
   */
  commit(changes: readonly Change[], access?: Access): Promise<Commit> {
    return changes.some((change) => this.#mayConcernSegments(change))
      ? this.#commitWithSamples(changes, access)
      : this.#options.store.commit(changes)
  }

  /** A shorter page if the rendered submodels are large. */
  async #renderPage(page: Page<Document>): Promise<Page<Document>> {
    const items: Document[] = []
    let bytes = 0
    for (const stored of page.items) {
      const document = await this.#rendered.documentFor(stored)
      items.push(document)
      if (document !== stored) bytes += document.bytes.length
      if (bytes > PAGE_BYTES && items.length < page.items.length)
        return { items, next: document.position, ...(page.damaged && { damaged: page.damaged }) }
    }
    return { ...page, items }
  }

  async #generatedElement(id: string, path: string): Promise<ElementRow | undefined> {
    const rendered = await this.#rendered.current(id)
    const element = rendered && elementAt(rendered.submodel, path)
    if (rendered === undefined || element === undefined) return undefined
    const { structureRevision, revision } = rendered.document
    return {
      path,
      modelType: element.modelType,
      valueType: 'valueType' in element ? element.valueType : undefined,
      semanticId: element.semanticId?.keys?.[0]?.value,
      value: JSON.stringify(readValueMembers(element)),
      incarnation: structureRevision,
      revision,
      sourceTime: undefined,
      quality: undefined
    }
  }

  /** A cheap check, as every commit of an operation passes here. */
  #mayConcernSegments(change: Change): boolean {
    if (change.change === 'value') return this.#rendered.isGenerated(change.submodel, change.path)
    if (change.change === 'delete') return this.#rendered.storedRevision(change.ifRevision) !== undefined
    return isDocument(change) && change.kind === 'Submodel' && mayBeTimeSeries(change)
  }

  async #commitWithSamples(changes: readonly Change[], access: Access | undefined): Promise<Commit> {
    const toStore: Change[] = []
    const samples: RecordSample[] = []
    const imported: RecordSample[] = []
    const values = new Map<string, ChangeOf<'value'>[]>()
    const touched = new Set<string>()
    for (const change of changes) {
      if (change.change === 'value' && this.#rendered.isGenerated(change.submodel, change.path)) {
        values.set(change.submodel, [...(values.get(change.submodel) ?? []), change])
      } else if (isDocument(change) && change.kind === 'Submodel') {
        const split = await this.#split(change)
        if (split.change !== undefined) toStore.push(split.change)
        const isWhole = change.change === 'create' || change.touched === undefined
        for (const sample of split.samples) (isWhole ? imported : samples).push(sample)
        touched.add(change.id)
      } else if (change.change === 'delete') {
        const ifRevision = this.#rendered.storedRevision(change.ifRevision)
        toStore.push(ifRevision === undefined ? change : { ...change, ifRevision })
      } else toStore.push(change)
    }
    const isOnly = changes.filter(({ change }) => change !== 'expect' && change !== 'audit').length === 1
    for (const [id, written] of values) {
      for (const sample of await this.#samplesOfValues(id, written, isOnly)) samples.push(sample)
      touched.add(id)
    }
    const { ingest, store } = this.#options
    const foreign = access === undefined ? [] : [...samples, ...(await this.#withExistingSource(imported))]
    if (access !== undefined) await this.#requireAccess(access, foreign)
    const commit = toStore.length === 0 ? undefined : await store.commit(toStore)
    const all = [...samples, ...(await this.#withExistingSource(imported))]
    // Elements that came with the commit were authorized as a part of it.
    const known = new Set(foreign)
    const own = all.filter((one) => !known.has(one))
    await importSamples(ingest, own, undefined)
    await importSamples(ingest, foreign, access)
    // The new revision is that of the submodel as it will be read, if exactly one was changed.
    const [id, ...others] = touched
    const rendered = id === undefined || others.length > 0 ? undefined : await this.#rendered.current(id)
    const seq = rendered?.document.revision ?? commit?.seq ?? (await this.#options.store.figures()).logLast
    return { seq, time: commit?.time ?? this.#options.ingest.clock.milliseconds() }
  }

  /** Before anything is stored. @throws HubError `Forbidden` if the caller may not write the elements of the samples */
  async #requireAccess(access: Access, samples: readonly RecordSample[]): Promise<void> {
    const { ingest } = this.#options
    const variables = new Map(samples.map((sample) => [sample.variable, sample]))
    for (const [{ series }, { path }] of variables) {
      if (!(await ingest.isAllowed(access, series))) {
        throw new HubError('Forbidden', [`UPDATE of the element that the record of "${path}" is a sample of`])
      }
    }
  }

  /** A whole submodel may be a copy from another hub, without the submodels that its samples belong to. */
  async #withExistingSource(samples: readonly RecordSample[]): Promise<readonly RecordSample[]> {
    const exists = new Map<RecordVariable, boolean>()
    for (const { variable } of samples) {
      if (exists.has(variable)) continue
      const { submodel, path } = variable.series
      exists.set(variable, (await this.#options.store.element(submodel, path)) !== undefined)
    }
    return samples.filter(({ variable }) => exists.get(variable))
  }

  /** Takes the generated segments and the new records out of a written submodel. */
  async #split(change: ChangeOf<'create'> | ChangeOf<'replace'>): Promise<Split> {
    const submodel = JSON.parse(readText(change.json)) as Submodel
    const series = timeSeriesOf(submodel)
    const stored =
      change.change === 'create' ? undefined : await unlessDamaged(this.#options.store.document('Submodel', change.id))
    if (series === undefined || (change.change === 'replace' && stored === undefined)) return { change, samples: [] }
    const before = stored && (JSON.parse(stored.bytes.toString()) as Submodel)
    const names = segmentNamesFor(before && timeSeriesOf(before) ? before : undefined)
    const paths = segmentPathsFor(series, names)
    if (change.change === 'replace') refuseUnsupported(submodel, change.touched, paths)
    const latest = removeGeneratedSegments(submodel, names)
    const written = latest === undefined ? [] : samplesOfSegment(series, latest, paths.latest, true)
    for (const segment of changedSegments(submodel, before)) {
      const path = `${series.segments}.${segment.idShort}`
      for (const sample of samplesOfSegment(series, segment, path, false)) written.push(sample)
    }
    const samples = await withoutKnown(this.#options.history, series, written)
    const json = JSON.stringify(submodel)
    if (change.change === 'create' || stored === undefined) return { change: { ...change, json }, samples }
    const guarded = this.#guardStored(change, stored)
    const touched = guarded.touched?.filter(
      (path) => elementAt(submodel, path) !== undefined || !isGeneratedPath(path, paths)
    )
    const isUnchanged = json === stored.bytes.toString() || (touched?.length === 0 && guarded.touched?.length !== 0)
    if (isUnchanged) return { samples }
    return { change: { ...guarded, json, ...(touched !== undefined && { touched }) }, samples }
  }

  /** Translates the guards of a change, which name rendered revisions. @throws HubError if they do not hold */
  #guardStored(change: ChangeOf<'replace'>, stored: Document): ChangeOf<'replace'> {
    const { ifRevision, ifStructureRevision, asOf, ...rest } = change
    if (ifStructureRevision !== undefined && ifStructureRevision !== stored.structureRevision)
      throw changedMeanwhile(change.id)
    if (ifRevision !== undefined && this.#rendered.storedRevision(ifRevision) !== stored.revision) {
      throw new HubError('PreconditionFailed', [`Submodel "${change.id}" has another ETag now`])
    }
    const since = this.#rendered.storedRevision(asOf)
    if (asOf !== undefined && since === undefined) throw changedMeanwhile(change.id)
    return {
      ...rest,
      ...(ifRevision !== undefined && { ifRevision: stored.revision }),
      ...(ifStructureRevision !== undefined && { ifStructureRevision }),
      ...(since !== undefined && { asOf: since })
    }
  }

  /** The samples in values written to elements of generated segments. */
  async #samplesOfValues(
    id: string,
    changes: readonly ChangeOf<'value'>[],
    isOnly: boolean
  ): Promise<readonly RecordSample[]> {
    const rendered = await this.#rendered.current(id)
    if (rendered === undefined) throw changedMeanwhile(id)
    const { submodel, series, segmentPaths, document } = rendered
    for (const { path, value, ifRevision } of changes) {
      if (ifRevision !== undefined && ifRevision !== document.revision) throw changedMeanwhile(id)
      const element = elementAt(submodel, path)
      if (element === undefined) throw changedMeanwhile(id)
      // Counts and times are ignored when a client writes back all that it has read, and refused on their own.
      if (!isRecordPath(path, segmentPaths)) {
        if (isOnly) throw notWritable(path)
        continue
      }
      writeValueMembers(element, JSON.parse(value))
    }
    const latest = elementAt(submodel, segmentPaths.latest)
    const samples = latest === undefined ? [] : samplesOfSegment(series, latest, segmentPaths.latest, true)
    return withoutKnown(this.#options.history, series, samples)
  }
}

/** Internal segments made by clients that are new or differ from the stored ones. */
function changedSegments(submodel: Submodel, before: Submodel | undefined): SubmodelElement[] {
  const known = new Map((before ? segmentsOf(before) : []).map((one) => [one.idShort, JSON.stringify(one)]))
  return segmentsOf(submodel).filter(
    (one) => hasTerm(one, 'Segments/InternalSegment') && known.get(one.idShort) !== JSON.stringify(one)
  )
}

function changedMeanwhile(id: string): HubError {
  return new HubError('Conflict', [`Submodel "${id}" was changed meanwhile`])
}

/** Spooled JSON is not read for this: the semanticId of a time series is also among the facets. */
function mayBeTimeSeries({ json, facets }: ChangeOf<'create'> | ChangeOf<'replace'>): boolean {
  if (typeof json === 'string') return json.includes(TIME_SERIES)
  return facets.some(([, value]) => value.includes(TIME_SERIES))
}

function isDocument(change: Change): change is ChangeOf<'create'> | ChangeOf<'replace'> {
  return change.change === 'create' || change.change === 'replace'
}
