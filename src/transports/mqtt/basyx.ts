/**
 * What happens in the hub, told on the topics of Eclipse BaSyx (its repositories' feature "MQTT eventing"): which
 * document or element was created, updated or deleted, and new values, each with the JSON of what it is about.
 */
import type { Consumer } from '../../consumers/consumer.ts'
import { encodeId } from '../../model/identifier.ts'
import { parseStoredPath } from '../../model/path.ts'
import { membersAt, newestOf } from '../../model/samples.ts'
import type { Submodel, SubmodelElement } from '../../model/types.ts'
import { type ValueMembers, writeValue } from '../../model/values.ts'
import { resolve } from '../../model/walk.ts'
import { decodeRun } from '../../store/run-codec.ts'
import type { DocumentKind, LogEntry, LoggedChange, Store, SubtreeAction } from '../../store/store.ts'

export interface BasyxOptions {
  /** `$repoId` of the topics. */
  readonly repository: string
  /** Resolves when the broker has acknowledged; rejects where it cannot be reached. */
  readonly publish: (topic: string, payload: string) => Promise<void>
  readonly failed: Consumer['failed']
}

interface Publication {
  readonly topic: string
  readonly payload: string
}

/** The repository of each kind, and how its documents are called there. */
const REPOSITORIES: Partial<Record<DocumentKind, readonly [repository: string, documents: string]>> = {
  AssetAdministrationShell: ['aas-repository', 'shells'],
  Submodel: ['sm-repository', 'submodels'],
  ConceptDescription: ['cd-repository', 'concept-descriptions']
}

/** Publications that are made together, and characters of them: no more is in memory. */
const MAX_UNACKNOWLEDGED = 100
const MAX_BATCH_CHARACTERS = 4 * 1024 * 1024

/** The follower that publishes every change at least once, in the order of the log. */
export function basyx(store: Store, { repository, publish, failed }: BasyxOptions): Consumer {
  // What happened before the first start, or was trimmed before it was read, is past: an event is of its moment.
  return { name: `mqtt ${repository}`, handle, resync: async () => {}, failed }

  async function handle(entries: readonly LogEntry[]): Promise<void> {
    const read = new Reading(store)
    let waiting: Publication[] = []
    let characters = 0
    const flush = async () => {
      await Promise.all(waiting.map(({ topic, payload }) => publish(topic, payload)))
      waiting = []
      characters = 0
    }
    for (const change of entries.flatMap(({ changes }) => changes)) {
      for (const publication of await told(change, read)) {
        waiting.push(publication)
        characters += publication.payload.length
        if (waiting.length === MAX_UNACKNOWLEDGED || characters > MAX_BATCH_CHARACTERS) await flush()
      }
    }
    await flush()
  }

  async function told(change: LoggedChange, read: Reading): Promise<Publication[]> {
    if (change.change === 'value' || change.change === 'samples') {
      const element = await read.element(change.submodel, change.path)
      if (element === undefined) return []
      // Of samples that came together the newest is what a reader of the current value is to know.
      const members = change.change === 'value' ? change.value : newestIn(change.run)
      writeValue(element, JSON.parse(members) as ValueMembers)
      return [
        { topic: `${elementTopic(change.submodel, change.path)}/value/updated`, payload: JSON.stringify(element) }
      ]
    }
    const { kind, id, touched, subtreeAction } = change
    const [where, documents] = REPOSITORIES[kind] ?? []
    if (where === undefined) return []
    const topic = `${where}/${repository}/${documents}/${change.change}`
    if (change.change === 'deleted') return [{ topic, payload: JSON.stringify({ modelType: kind, id }) }]
    if (touched !== undefined && touched.length > 0 && kind === 'Submodel')
      return elements(id, touched, subtreeAction, read)
    const payload = await read.text(kind, id)
    return payload === undefined ? [] : [{ topic, payload }]
  }

  /** Where the log does not say what became of an element, one that is there is told as updated. */
  async function elements(
    id: string,
    paths: readonly string[],
    subtreeAction: SubtreeAction | undefined,
    read: Reading
  ): Promise<Publication[]> {
    const told: Publication[] = []
    for (const path of paths) {
      const element = subtreeAction === 'deleted' ? undefined : await read.element(id, path)
      // What is gone again is told by the change that took it away.
      if (subtreeAction === 'created' && element === undefined) continue
      const event = subtreeAction ?? (element === undefined ? 'deleted' : 'updated')
      const idShort = parseStoredPath(path)?.findLast((step) => typeof step === 'string')
      told.push({ topic: `${elementTopic(id, path)}/${event}`, payload: JSON.stringify(element ?? { idShort }) })
    }
    return told
  }

  function elementTopic(id: string, path: string): string {
    return `sm-repository/${repository}/submodels/${encodeId(id)}/submodelElements/${path}`
  }
}

function newestIn(packed: Uint8Array): string {
  const run = decodeRun(packed)
  return membersAt(run, newestOf(run))
}

/** The documents as they are now, each read once for a batch of changes. */
class Reading {
  readonly #store: Store
  readonly #submodels = new Map<string, Submodel | undefined>()

  constructor(store: Store) {
    this.#store = store
  }

  async text(kind: DocumentKind, id: string): Promise<string | undefined> {
    return (await this.#store.document(kind, id))?.bytes.toString()
  }

  /** Undefined where it is gone; that is a change of its own. */
  async element(id: string, path: string): Promise<SubmodelElement | undefined> {
    if (!this.#submodels.has(id)) {
      const text = await this.text('Submodel', id)
      this.#submodels.set(id, text === undefined ? undefined : (JSON.parse(text) as Submodel))
    }
    const submodel = this.#submodels.get(id)
    const steps = parseStoredPath(path)
    return submodel === undefined || steps === undefined ? undefined : resolve(submodel, steps)
  }
}
