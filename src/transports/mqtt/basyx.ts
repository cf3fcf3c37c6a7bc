/**
 * Publishes changes on the topics of Eclipse BaSyx (its repositories' feature "MQTT eventing"): documents and elements
 * that were created, updated or deleted, and new values, each with the JSON of the document or element.
 */
import type { Consumer } from '../../consumers/consumer.ts'
import { encodeId } from '../../model/identifier.ts'
import { parseStoredPath } from '../../model/path.ts'
import { membersAt, newestOf } from '../../model/samples.ts'
import type { Submodel, SubmodelElement } from '../../model/types.ts'
import { type ValueMembers, writeValueMembers } from '../../model/value-members.ts'
import { resolve } from '../../model/walk.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import { decodeRun } from '../../store/run-codec.ts'
import type { DocumentKind, LogEntry, LoggedChange, SubtreeAction } from '../../store/store.ts'

export interface BasyxOptions {
  /** `$repoId` of the topics. */
  readonly repository: string
  /** Resolves when the broker has acknowledged; rejects where it cannot be reached. */
  readonly publish: (topic: string, payload: string) => Promise<void>
  readonly failed: Consumer['failed']
  /** At this moment; undefined: everything. */
  readonly view?: (() => PublishedView | undefined) | undefined
}

/** What may be published, where not everything may. */
export interface PublishedView {
  /** Documents as they may be published. */
  readonly documents: Pick<DocumentStore, 'document'>
  /** The same for submodels of which no more than some elements may be. */
  readonly elements: Pick<DocumentStore, 'document'>
  /** May it be published that something was deleted? What it was is not known any more. */
  showsDeleted(kind: DocumentKind): Promise<boolean>
}

interface Publication {
  readonly topic: string
  readonly payload: string
}

/** Names in the topics, by kind of document. */
const REPOSITORIES: Partial<Record<DocumentKind, readonly [repository: string, documents: string]>> = {
  AssetAdministrationShell: ['aas-repository', 'shells'],
  Submodel: ['sm-repository', 'submodels'],
  ConceptDescription: ['cd-repository', 'concept-descriptions']
}

/** Bounds of the publications that are in memory, awaiting their acknowledgement. */
const MAX_UNACKNOWLEDGED = 100
const MAX_BATCH_CHARACTERS = 4 * 1024 * 1024

export function publishingConsumer(repository: string): string {
  return `mqtt ${repository}`
}

/** A consumer that publishes every change at least once, in the order of the log. */
export function basyxPublisher(
  store: Pick<DocumentStore, 'document'>,
  { repository, publish, failed, view }: BasyxOptions
): Consumer {
  // Changes before the first start, or trimmed before they were read, are not published: an event is of its moment.
  return { name: publishingConsumer(repository), handle, resync: async () => {}, failed }

  async function handle(entries: readonly LogEntry[]): Promise<void> {
    const publications = new Publications(store, repository, view?.())
    let batch: Publication[] = []
    let characters = 0
    const flush = async () => {
      await Promise.all(batch.map(({ topic, payload }) => publish(topic, payload)))
      batch = []
      characters = 0
    }
    for (const change of entries.flatMap(({ changes }) => changes)) {
      for (const publication of await publications.of(change)) {
        batch.push(publication)
        characters += publication.payload.length
        if (batch.length === MAX_UNACKNOWLEDGED || characters > MAX_BATCH_CHARACTERS) await flush()
      }
    }
    await flush()
  }
}

/** The publications of logged changes, with the documents as they are now; each is read once for a batch of changes. */
class Publications {
  readonly #store: Pick<DocumentStore, 'document'>
  readonly #repository: string
  readonly #view: PublishedView | undefined
  readonly #submodels = new Map<string, Submodel | undefined>()

  constructor(store: Pick<DocumentStore, 'document'>, repository: string, view: PublishedView | undefined) {
    this.#store = store
    this.#repository = repository
    this.#view = view
  }

  async of(change: LoggedChange): Promise<Publication[]> {
    if (change.change === 'value' || change.change === 'samples') {
      const element = await this.#element(change.submodel, change.path)
      if (element === undefined) return []
      // Of several samples the newest, which is the current value. Where some of it may be hidden, that which is shown now.
      const members = change.change === 'value' ? change.value : newestIn(change.run)
      if (this.#view === undefined) writeValueMembers(element, JSON.parse(members) as ValueMembers)
      const topic = `${this.#elementTopic(change.submodel, change.path)}/value/updated`
      return [{ topic, payload: JSON.stringify(element) }]
    }
    const { kind, id, touched, subtreeAction } = change
    const [repository, documents] = REPOSITORIES[kind] ?? []
    if (repository === undefined) return []
    const topic = `${repository}/${this.#repository}/${documents}/${change.change}`
    if (change.change === 'deleted' && !(await this.#showsDeleted(kind))) return []
    if (change.change === 'deleted') return [{ topic, payload: JSON.stringify({ modelType: kind, id }) }]
    if (touched !== undefined && touched.length > 0 && kind === 'Submodel') {
      return this.#ofElements(id, touched, subtreeAction)
    }
    const payload = await this.#text(kind, id)
    return payload === undefined ? [] : [{ topic, payload }]
  }

  /** Where the log does not name the action, an existing element counts as updated. */
  async #ofElements(id: string, paths: readonly string[], action: SubtreeAction | undefined): Promise<Publication[]> {
    const publications: Publication[] = []
    for (const path of paths) {
      const element = action === 'deleted' ? undefined : await this.#element(id, path)
      // Deleted since: the change that deleted it is published.
      if (action === 'created' && element === undefined) continue
      const event = action ?? (element === undefined ? 'deleted' : 'updated')
      if (event === 'deleted' && !(await this.#showsDeleted('Submodel'))) continue
      const idShort = parseStoredPath(path)?.findLast((step) => typeof step === 'string')
      const topic = `${this.#elementTopic(id, path)}/${event}`
      publications.push({ topic, payload: JSON.stringify(element ?? { idShort }) })
    }
    return publications
  }

  #elementTopic(id: string, path: string): string {
    return `sm-repository/${this.#repository}/submodels/${encodeId(id)}/submodelElements/${path}`
  }

  async #showsDeleted(kind: DocumentKind): Promise<boolean> {
    return this.#view === undefined || this.#view.showsDeleted(kind)
  }

  async #text(
    kind: DocumentKind,
    id: string,
    store: Pick<DocumentStore, 'document'> = this.#view?.documents ?? this.#store
  ): Promise<string | undefined> {
    return (await store.document(kind, id))?.bytes.toString()
  }

  /** Undefined where it was deleted since, which is a change of its own. */
  async #element(id: string, path: string): Promise<SubmodelElement | undefined> {
    if (!this.#submodels.has(id)) {
      const text = await this.#text('Submodel', id, this.#view?.elements)
      this.#submodels.set(id, text === undefined ? undefined : (JSON.parse(text) as Submodel))
    }
    const submodel = this.#submodels.get(id)
    const steps = parseStoredPath(path)
    return submodel === undefined || steps === undefined ? undefined : resolve(submodel, steps)
  }
}

function newestIn(packed: Uint8Array): string {
  const run = decodeRun(packed)
  return membersAt(run, newestOf(run))
}
