/**
 * Events of async-aas (factory-x-contributions/async-aas-helm, version 0.3-SNAPSHOT of April 2026): changes of shells,
 * submodels and elements as CloudEvents in JSON, all on one topic. Operations are not in the log, so that their events
 * `invoked` and `finished` are not published.
 */

import { schemaOf, urlOf } from '../../../consumers/subscriptions/cloudevents.ts'
import type { LocatedChange } from '../../../consumers/subscriptions/log-position.ts'
import { encodeCursor } from '../../../model/cursor.ts'
import { formatPath, parseStoredPath } from '../../../model/path.ts'
import { formatTime, fromMilliseconds } from '../../../model/time.ts'
import type { Reference } from '../../../model/types.ts'
import type { DocumentKind } from '../../../store/store.ts'
import type { ElementAction, PublishedState } from './published-state.ts'
import type { Publication, PublicationForm } from './publisher.ts'

export interface AsyncAasOptions {
  /** On which all events are published. */
  readonly topic: string
  /** URL of the API root, without a slash at the end. */
  readonly base: string
  /** Of the store. */
  readonly epoch: string
  /** With the changed document or element, which the proposal leaves to the publisher. */
  readonly withData: boolean
}

/** What distinguishes one event from another of its commit and change. */
interface Occurrence {
  /** The cursor behind it, as of the same event at `/events`. */
  readonly id: string
  readonly type: 'created' | 'updated' | 'deleted' | 'valueChanged'
  readonly source: string
  /** idShortPath, where `source` is what an element was put into. */
  readonly subject?: string
  /** ISO 8601 */
  readonly time: string
  /** Class of the metamodel; absent of what was deleted. */
  readonly modelType?: string
  /** Of what `source` names. */
  readonly semanticId?: Reference | undefined
  /** JSON */
  readonly data?: string
}

/** Kinds of documents that the proposal has events of. */
const KINDS: ReadonlySet<DocumentKind> = new Set<DocumentKind>(['AssetAdministrationShell', 'Submodel'])

export function asyncAasConsumer(topic: string): string {
  return `mqtt events ${topic}`
}

export function asyncAasForm({ topic, base, epoch, withData }: AsyncAasOptions): PublicationForm {
  return { consumer: asyncAasConsumer(topic), publicationsOf }

  async function publicationsOf(located: LocatedChange, state: PublishedState): Promise<Publication[]> {
    const occurrences = await occurrencesOf(located, state)
    return occurrences.map((occurrence) => ({ topic, payload: cloudEvent(occurrence, withData) }))
  }

  async function occurrencesOf(located: LocatedChange, state: PublishedState): Promise<Occurrence[]> {
    const { change, entry } = located
    const id = encodeCursor({ epoch, seq: entry.seq, index: located.index + located.count })
    if (!('kind' in change)) {
      const value = await state.value(change, entry.seq)
      if (value === undefined) return []
      const { element, sourceTime } = value
      const { modelType, semanticId } = element
      const source = urlOf(base, 'Submodel', change.submodel, change.path)
      const data = JSON.stringify(element)
      return [{ id, type: 'valueChanged', source, time: formatTime(sourceTime), modelType, semanticId, data }]
    }
    const { kind, touched = [] } = change
    if (!KINDS.has(kind)) return []
    const time = formatTime(fromMilliseconds(entry.time))
    const source = urlOf(base, kind, change.id)
    if (change.change === 'deleted') {
      return (await state.showsDeleted(kind)) ? [{ id, type: 'deleted', source, time }] : []
    }
    if (kind === 'Submodel' && touched.length > 0) {
      const actions = await state.elements(change)
      return Promise.all(
        actions.map(async (action) => ({
          // One change of several elements is one event of the log.
          id: touched.length === 1 ? id : `${id}/${action.path}`,
          time,
          ...(await elementOccurrence(change.id, action, state))
        }))
      )
    }
    const data = await state.text(kind, change.id)
    if (data === undefined) return []
    const { semanticId } = JSON.parse(data) as { semanticId?: Reference }
    return [{ id, type: change.change, source, time, modelType: kind, semanticId, data }]
  }

  /** The source of a created element is what contains it, that of others the element. */
  async function elementOccurrence(
    submodel: string,
    { path, action, element }: ElementAction,
    state: PublishedState
  ): Promise<Omit<Occurrence, 'id' | 'time'>> {
    const source = urlOf(base, 'Submodel', submodel, path)
    if (element === undefined) return { type: action, source }
    const { modelType, semanticId } = element
    const data = JSON.stringify(element)
    if (action !== 'created') return { type: action, source, modelType, semanticId, data }
    const parent = formatPath(parseStoredPath(path)?.slice(0, -1) ?? [])
    const container = parent === '' ? await state.submodel(submodel) : await state.element(submodel, parent)
    return {
      type: action,
      source: urlOf(base, 'Submodel', submodel, parent),
      subject: path,
      modelType,
      semanticId: container?.semanticId,
      data
    }
  }
}

function cloudEvent(occurrence: Occurrence, withData: boolean): string {
  const { id, type, source, subject, time, modelType, semanticId, data } = occurrence
  const attributes = JSON.stringify({
    specversion: '1.0',
    id,
    source,
    type: `io.admin-shell.events.v1.${type}`,
    ...(modelType !== undefined && { datacontenttype: 'application/json', ...schemaOf(modelType) }),
    time,
    subject,
    semanticid: semanticId?.keys?.[0]?.value
  })
  return withData && data !== undefined ? `${attributes.slice(0, -1)},"data":${data}}` : attributes
}
