/**
 * The store as operations see it: submodels of IDTA 02008, Time Series Data, are read with segments that are generated
 * from the history, and what is written into these lands in the history. They are kept nowhere; segments that somebody
 * made are documents like everything else, and stand beside them.
 *
 * Every operation reads and writes submodels through the store, so what is done here holds for all of them: contents,
 * paths, lists, packages, invocations. The index of elements knows stored elements only: queries find a time series by
 * what is stored of it. Followers and the intake use the store itself.
 */
import { HubError } from '../../errors.ts'
import { isWithin, parseStoredPath } from '../../model/path.ts'
import type { Submodel, SubmodelElement } from '../../model/types.ts'
import { readValueMembers, writeValueMembers } from '../../model/value-members.ts'
import { resolve } from '../../model/walk.ts'
import { unlessDamaged } from '../../store/damage.ts'
import { readText } from '../../store/document-text.ts'
import type { Change, Commit, Document, ElementRow, Page, Store } from '../../store/store.ts'
import type { Ingest } from '../samples/ingest.ts'
import { importSamples, type RecordSample, samplesOfSegment, withoutKnown } from './record-import.ts'
import { type RenderedSubmodel, type RenderOptions, renderSegments } from './render-segments.ts'
import { removeGeneratedSegments, segmentNamesFor, segmentsOf } from './segments.ts'
import { type RecordVariable, timeSeriesOf } from './series.ts'
import { hasTerm, TIME_SERIES } from './vocabulary.ts'

export interface TimeSeriesViewOptions extends Pick<RenderOptions, 'history'> {
  readonly store: Store
  readonly intake: Ingest
  /** Where `/timeseries` is, as others reach it; asked when it is needed, as a port may be free to choose. */
  readonly endpoint: () => string
  /** Records in the internal segment. */
  readonly records: number
}

/** Bytes of generated submodels on one page, in memory all at once. */
const PAGE_BYTES = 8 * 1024 * 1024

/** Submodels of which it is remembered that they show no time series, and revisions of those that do. */
const CACHE_ENTRIES = 100_000

export function timeSeriesView(options: TimeSeriesViewOptions): Store {
  const { store } = options
  const segments = new TimeSeriesView(options)
  return {
    epoch: store.epoch,
    document: (kind, id) => {
      const found = store.document(kind, id)
      return kind === 'Submodel' ? found.then((document) => document && segments.of(document)) : found
    },
    head: (...given) => store.head(...given),
    documents: (kind, ...rest) => {
      const found = store.documents(kind, ...rest)
      return kind === 'Submodel' ? found.then((page) => segments.ofAll(page)) : found
    },
    element: (submodel, path) => store.element(submodel, path).then((row) => row ?? segments.element(submodel, path)),
    commit: (changes) => (segments.concern(changes) ? segments.commit(changes) : store.commit(changes)),
    log: (...given) => store.log(...given),
    onCommit: (listener) => store.onCommit(listener),
    commitOfKey: (key) => store.commitOfKey(key),
    trimLog: (seq) => store.trimLog(seq),
    cursor: (follower) => store.cursor(follower),
    setCursor: (...given) => store.setCursor(...given),
    lease: (...given) => store.lease(...given),
    receive: (...given) => store.receive(...given),
    file: (...given) => store.file(...given),
    files: (...given) => store.files(...given),
    open: (...given) => store.open(...given),
    putChunks: (...given) => store.putChunks(...given),
    chunks: (...given) => store.chunks(...given),
    heads: (...given) => store.heads(...given),
    dropChunks: (...given) => store.dropChunks(...given),
    series: (...given) => store.series(...given),
    seriesOf: (name) => store.seriesOf(name),
    figures: () => store.figures(),
    noteDamage: (error) => store.noteDamage(error),
    onDamage: (listener) => store.onDamage(listener),
    close: () => store.close()
  }
}

type ChangeOf<Name extends Change['change']> = Extract<Change, { change: Name }>

class TimeSeriesView {
  readonly #options: TimeSeriesViewOptions
  /** By id, the structure with which a submodel shows no time series: of all others nothing more is looked at. */
  readonly #plain = new Map<string, number>()
  /** By id, where the generated segments of a submodel are. */
  readonly #generated = new Map<string, RenderedSubmodel['segmentPaths']>()
  /** By the revision that was shown, that of the document as it was stored then. */
  readonly #revisions = new Map<number, number>()
  /** What is about to be generated, so that whoever asks in the same turn shares it. */
  readonly #coming = new Map<string, Promise<RenderedSubmodel | undefined>>()

  constructor(options: TimeSeriesViewOptions) {
    this.#options = options
  }

  /** A submodel as it is shown; the same document where it shows no time series. */
  of(document: Document): Document | Promise<Document> {
    if (this.#plain.get(document.id) === document.structureRevision) return document
    if (!document.bytes.includes(TIME_SERIES)) {
      remember(this.#plain, document.id, document.structureRevision)
      return document
    }
    return this.#show(document).then((shown) => shown?.document ?? document)
  }

  /** A page of them; a shorter one where what is generated is large. */
  async ofAll(page: Page<Document>): Promise<Page<Document>> {
    const items: Document[] = []
    let bytes = 0
    for (const stored of page.items) {
      const document = await this.of(stored)
      items.push(document)
      if (document !== stored) bytes += document.bytes.length
      if (bytes > PAGE_BYTES && items.length < page.items.length)
        return { items, next: document.position, ...(page.damaged && { damaged: page.damaged }) }
    }
    return { ...page, items }
  }

  /** The row of a generated element. */
  async element(id: string, path: string): Promise<ElementRow | undefined> {
    const shown = await this.#shownNow(id)
    const steps = parseStoredPath(path)
    const element = shown && steps && resolve(shown.submodel, steps)
    if (shown === undefined || element === undefined) return undefined
    return {
      path,
      modelType: element.modelType,
      valueType: 'valueType' in element ? element.valueType : undefined,
      semanticId: element.semanticId?.keys?.[0]?.value,
      value: JSON.stringify(readValueMembers(element)),
      incarnation: shown.document.structureRevision,
      revision: shown.document.revision,
      sourceTime: undefined,
      quality: undefined
    }
  }

  /** Could any of these changes have to do with a generated segment? Asked with every commit. */
  concern(changes: readonly Change[]): boolean {
    return changes.some((change) => {
      if (change.change === 'value') return this.#isGenerated(change.submodel, change.path)
      if (change.change === 'delete') return this.#revisions.has(change.ifRevision ?? -1)
      return isDocument(change) && change.kind === 'Submodel' && mayBeTimeSeries(change)
    })
  }

  /**
   * Commits what is to be stored, then pushes the samples that were written. Where a record cannot become a sample the
   * whole is refused before; the two are not one transaction, so where the push fails for want of room the caller
   * hears of it and has to write again, which does no harm.
   */
  async commit(changes: readonly Change[]): Promise<Commit> {
    const stored: Change[] = []
    const landings: RecordSample[] = []
    const brought: RecordSample[] = []
    const values = new Map<string, ChangeOf<'value'>[]>()
    const touched = new Set<string>()
    for (const change of changes) {
      if (change.change === 'value' && this.#isGenerated(change.submodel, change.path)) {
        values.set(change.submodel, [...(values.get(change.submodel) ?? []), change])
      } else if (isDocument(change) && change.kind === 'Submodel') {
        const taken = await this.#take(change)
        if (taken.change !== undefined) stored.push(taken.change)
        const isWhole = change.change === 'create' || change.touched === undefined
        for (const landing of taken.landings) (isWhole ? brought : landings).push(landing)
        touched.add(change.id)
      } else if (change.change === 'delete') {
        const ifRevision = this.#revisions.get(change.ifRevision ?? -1)
        stored.push(ifRevision === undefined ? change : { ...change, ifRevision })
      } else stored.push(change)
    }
    for (const [id, ones] of values) {
      for (const landing of await this.#written(id, ones, changes.length === 1)) landings.push(landing)
      touched.add(id)
    }
    const commit = stored.length === 0 ? undefined : await this.#options.store.commit(stored)
    await importSamples(this.#options.intake, [...landings, ...(await this.#withSource(brought))])
    // What a caller is told as the new revision is that of what it will read, where it changed one submodel.
    const [id, ...others] = touched
    const shown = id === undefined || others.length > 0 ? undefined : await this.#shownNow(id)
    const seq = shown?.document.revision ?? commit?.seq ?? (await this.#options.store.figures()).logLast
    return { seq, time: commit?.time ?? Date.now() }
  }

  /** A whole submodel may come from another hub, and what it was measured by may have stayed there. */
  async #withSource(landings: readonly RecordSample[]): Promise<readonly RecordSample[]> {
    const there = new Map<RecordVariable, boolean>()
    for (const { variable } of landings) {
      if (there.has(variable)) continue
      const { submodel, path } = variable.series
      there.set(variable, (await this.#options.store.element(submodel, path)) !== undefined)
    }
    return landings.filter(({ variable }) => there.get(variable))
  }

  /** What of a written submodel is to be stored, and what lands in the history. */
  async #take(
    change: ChangeOf<'create'> | ChangeOf<'replace'>
  ): Promise<{ change?: Change; landings: readonly RecordSample[] }> {
    const submodel = JSON.parse(readText(change.json)) as Submodel
    const series = timeSeriesOf(submodel)
    const stored =
      change.change === 'create' ? undefined : await unlessDamaged(this.#options.store.document('Submodel', change.id))
    if (series === undefined || (change.change === 'replace' && stored === undefined)) return { change, landings: [] }
    const before = stored && (JSON.parse(stored.bytes.toString()) as Submodel)
    const names = segmentNamesFor(before && timeSeriesOf(before) ? before : undefined)
    const paths = { latest: `${series.segments}.${names.latest}`, linked: `${series.segments}.${names.linked}` }
    if (change.change === 'replace') refuseUnsupported(submodel, change, paths)
    const latest = removeGeneratedSegments(submodel, names)
    const landings = latest === undefined ? [] : samplesOfSegment(series, latest, paths.latest, true)
    for (const segment of changedSegments(submodel, before)) {
      const path = `${series.segments}.${segment.idShort}`
      for (const landing of samplesOfSegment(series, segment, path, false)) landings.push(landing)
    }
    const measured = await withoutKnown(this.#options.history, series, landings)
    const json = JSON.stringify(submodel)
    if (change.change === 'create' || stored === undefined) return { change: { ...change, json }, landings: measured }
    const guarded = this.#asStored(change, stored)
    const touched = guarded.touched?.filter(
      (path) => resolve(submodel, parseStoredPath(path) ?? []) || !isGeneratedPath(path, paths)
    )
    const isSame = json === stored.bytes.toString() || (touched?.length === 0 && guarded.touched?.length !== 0)
    if (isSame) return { landings: measured }
    return { change: { ...guarded, json, ...(touched !== undefined && { touched }) }, landings: measured }
  }

  /** Guards speak of what was shown; the store knows what it stored. @throws HubError where that is another by now */
  #asStored(change: ChangeOf<'replace'>, stored: Document): ChangeOf<'replace'> {
    const { ifRevision, ifStructureRevision, asOf, ...rest } = change
    if (ifStructureRevision !== undefined && ifStructureRevision !== stored.structureRevision)
      throw changedMeanwhile(change.id)
    if (ifRevision !== undefined && this.#revisions.get(ifRevision) !== stored.revision) {
      throw new HubError('PreconditionFailed', [`Submodel "${change.id}" has another ETag now`])
    }
    const since = asOf === undefined ? undefined : this.#revisions.get(asOf)
    if (asOf !== undefined && since === undefined) throw changedMeanwhile(change.id)
    return {
      ...rest,
      ...(ifRevision !== undefined && { ifRevision: stored.revision }),
      ...(ifStructureRevision !== undefined && { ifStructureRevision: ifStructureRevision }),
      ...(since !== undefined && { asOf: since })
    }
  }

  /** Samples that values written to elements of generated segments tell. */
  async #written(id: string, changes: readonly ChangeOf<'value'>[], alone: boolean): Promise<readonly RecordSample[]> {
    const shown = await this.#shownNow(id)
    if (shown === undefined) throw changedMeanwhile(id)
    const { submodel, series, segmentPaths: paths, document } = shown
    for (const { path, value, ifRevision } of changes) {
      if (ifRevision !== undefined && ifRevision !== document.revision) throw changedMeanwhile(id)
      const element = resolve(submodel, parseStoredPath(path) ?? [])
      if (element === undefined) throw changedMeanwhile(id)
      // A client that writes back what it has read writes counts and times as well; on its own none can be written.
      if (!isRecordPath(path, paths.latest)) {
        if (alone) throw generatedRefused(path)
        continue
      }
      writeValueMembers(element, JSON.parse(value))
    }
    const latest = resolve(submodel, parseStoredPath(paths.latest) ?? [])
    const landings = latest === undefined ? [] : samplesOfSegment(series, latest, paths.latest, true)
    return withoutKnown(this.#options.history, series, landings)
  }

  #isGenerated(id: string, path: string): boolean {
    const paths = this.#generated.get(id)
    return paths !== undefined && isGeneratedPath(path, paths)
  }

  async #shownNow(id: string): Promise<RenderedSubmodel | undefined> {
    const document = await this.#options.store.document('Submodel', id)
    if (document === undefined || this.#plain.get(id) === document.structureRevision) return undefined
    return document.bytes.includes(TIME_SERIES) ? this.#show(document) : undefined
  }

  #show(document: Document): Promise<RenderedSubmodel | undefined> {
    const key = `${document.revision} ${document.id}`
    let coming = this.#coming.get(key)
    if (coming === undefined) {
      coming = this.#generate(document, key)
      this.#coming.set(key, coming)
    }
    return coming
  }

  /** Begins when this turn is over, so that nobody who shares it was told of a sample that it does not show. */
  async #generate(document: Document, key: string): Promise<RenderedSubmodel | undefined> {
    await new Promise(setImmediate)
    this.#coming.delete(key)
    const { history, endpoint, records } = this.#options
    const shown = await renderSegments(document, { history, endpoint: endpoint(), records })
    if (shown === undefined) remember(this.#plain, document.id, document.structureRevision)
    else {
      remember(this.#generated, document.id, shown.segmentPaths)
      remember(this.#revisions, shown.document.revision, document.revision)
    }
    return shown
  }
}

/** Internal segments that somebody made, and that are not as they were. */
function changedSegments(submodel: Submodel, before: Submodel | undefined): SubmodelElement[] {
  const known = new Map((before ? segmentsOf(before) : []).map((one) => [one.idShort, JSON.stringify(one)]))
  return segmentsOf(submodel).filter(
    (one) => hasTerm(one, 'Segments/InternalSegment') && known.get(one.idShort) !== JSON.stringify(one)
  )
}

/**
 * A change of a single element says by its path what it is about: of the generated segments that can be the internal
 * one as a whole, its records, or one of them. Nothing of them can be deleted: the history says what was.
 */
function refuseUnsupported(
  submodel: Submodel,
  { touched = [] }: ChangeOf<'replace'>,
  paths: RenderedSubmodel['segmentPaths']
): void {
  for (const path of touched) {
    if (isWithin(path, paths.linked)) {
      const segment = resolve(submodel, parseStoredPath(paths.linked) ?? [])
      // With another query it is somebody's own.
      if (path !== paths.linked || segment === undefined) throw generatedRefused(path)
    }
    if (!isWithin(path, paths.latest)) continue
    const isThere = resolve(submodel, parseStoredPath(path) ?? []) !== undefined
    const isWhole = path === paths.latest || path === `${paths.latest}.Records`
    if (!isThere || !(isWhole || isRecordPath(path, paths.latest))) throw generatedRefused(path)
  }
}

function isGeneratedPath(path: string, { latest, linked }: RenderedSubmodel['segmentPaths']): boolean {
  return isWithin(path, latest) || isWithin(path, linked)
}

function isRecordPath(path: string, latest: string): boolean {
  return path.startsWith(`${latest}.Records.`)
}

function generatedRefused(path: string): HubError {
  const allowed = 'GET of all of it, and records to be written into the internal segment'
  return new HubError('MethodNotAllowed', ['This change', `"${path}", which is generated from the history`, allowed])
}

function changedMeanwhile(id: string): HubError {
  return new HubError('Conflict', [`Submodel "${id}" was changed meanwhile`])
}

/** A text in a file is not read for it: a time series says what it is by its semanticId, which is a facet. */
function mayBeTimeSeries({ json, facets }: ChangeOf<'create'> | ChangeOf<'replace'>): boolean {
  if (typeof json === 'string') return json.includes(TIME_SERIES)
  return facets.some(([, value]) => value.includes(TIME_SERIES))
}

function isDocument(change: Change): change is ChangeOf<'create'> | ChangeOf<'replace'> {
  return change.change === 'create' || change.change === 'replace'
}

function remember<Key, Value>(known: Map<Key, Value>, key: Key, value: Value): void {
  if (known.size >= CACHE_ENTRIES) known.clear()
  known.set(key, value)
}
