/** Renders time-series submodels with their generated segments, and remembers what writing needs to know of them. */
import { HubError } from '../../errors.ts'
import { DamagedElements } from '../../store/damage.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import type { Document } from '../../store/store.ts'
import { isGeneratedPath } from './generated-paths.ts'
import type { HistoryReader } from './record-rows.ts'
import { type RenderedSubmodel, renderSegments } from './render-segments.ts'
import { TIME_SERIES } from './vocabulary.ts'

export interface RenderedSubmodelsOptions {
  readonly store: Pick<DocumentStore, 'document'>
  readonly history: HistoryReader
  /** URL of `/timeseries` as clients reach it; called late, as the port may be known only when the server listens. */
  readonly endpoint: () => string
  /** Records in the internal segment. */
  readonly records: number
}

/** Limit of each cache: submodels without time series, submodels with them, rendered revisions. */
const CACHE_ENTRIES = 100_000

export class RenderedSubmodels {
  readonly #options: RenderedSubmodelsOptions
  /** By id, the structure revision at which a submodel shows no time series; no others are parsed to find out. */
  readonly #plain: Map<string, number>
  /** By id, the paths of the generated segments. */
  readonly #generated = new Map<string, RenderedSubmodel['segmentPaths']>()
  /** By rendered revision, that of the stored document it was rendered from. */
  readonly #storedRevisions: Map<number, number>
  /** Renderings that start in the next turn of the event loop; requests of this turn share them. */
  readonly #pending = new Map<string, Promise<RenderedSubmodel | undefined>>()

  /** @param others that read the same store */
  constructor(options: RenderedSubmodelsOptions, others?: RenderedSubmodels) {
    this.#options = options
    this.#plain = others === undefined ? new Map() : others.#plain
    this.#storedRevisions = others === undefined ? new Map() : others.#storedRevisions
  }

  /** For a reader that sees less of the history. */
  withHistory(history: HistoryReader): RenderedSubmodels {
    return new RenderedSubmodels({ ...this.#options, history }, this)
  }

  /** A submodel with its generated segments; the same document if it shows no time series. */
  documentFor(stored: Document): Document | Promise<Document> {
    if (this.isPlain(stored)) return stored
    if (!stored.bytes.includes(TIME_SERIES)) {
      remember(this.#plain, stored.id, stored.structureRevision)
      return stored
    }
    return this.#render(stored).then((rendered) => rendered?.document ?? stored)
  }

  /** A submodel as it is now; undefined if there is none, or it shows no time series. */
  async current(id: string): Promise<RenderedSubmodel | undefined> {
    const stored = await this.#options.store.document('Submodel', id).catch(withoutSegments)
    if (stored === undefined || this.isPlain(stored) || !stored.bytes.includes(TIME_SERIES)) return undefined
    return this.#render(stored)
  }

  /** Whether a path was in a generated segment when the submodel was last rendered. */
  isGenerated(id: string, path: string): boolean {
    const paths = this.#generated.get(id)
    return paths !== undefined && isGeneratedPath(path, paths)
  }

  /** The stored revision behind a rendered one; undefined for revisions that were not rendered here. */
  storedRevision(rendered: number | undefined): number | undefined {
    return rendered === undefined ? undefined : this.#storedRevisions.get(rendered)
  }

  /** Is it known to show no time series? */
  isPlain({ id, structureRevision }: Document): boolean {
    return this.#plain.get(id) === structureRevision
  }

  #render(stored: Document): Promise<RenderedSubmodel | undefined> {
    const key = `${stored.revision} ${stored.id}`
    let pending = this.#pending.get(key)
    if (pending === undefined) {
      pending = this.#renderNextTurn(stored, key)
      this.#pending.set(key, pending)
    }
    return pending
  }

  /** Waits for the end of this turn, so that no sample acknowledged to one of the sharing requests is missing. */
  async #renderNextTurn(stored: Document, key: string): Promise<RenderedSubmodel | undefined> {
    await new Promise(setImmediate)
    this.#pending.delete(key)
    const { history, endpoint, records } = this.#options
    const rendered = await renderSegments(stored, { history, endpoint: endpoint(), records })
    if (rendered === undefined) remember(this.#plain, stored.id, stored.structureRevision)
    else {
      remember(this.#generated, stored.id, rendered.segmentPaths)
      remember(this.#storedRevisions, rendered.document.revision, stored.revision)
    }
    return rendered
  }
}

/** Segments are generated from the whole: a submodel that may show time series is not read in part. @throws */
export function refuseParts(error: unknown): never {
  const isPart = error instanceof DamagedElements && error.rest.bytes.includes(TIME_SERIES)
  throw isPart ? new HubError('Damaged', error.about) : error
}

/** @throws the error, unless it is of a submodel that shows no time series */
function withoutSegments(error: unknown): undefined {
  if (!(error instanceof DamagedElements) || error.rest.bytes.includes(TIME_SERIES)) refuseParts(error)
  return undefined
}

function remember<Key, Value>(known: Map<Key, Value>, key: Key, value: Value): void {
  if (known.size >= CACHE_ENTRIES) known.clear()
  known.set(key, value)
}
