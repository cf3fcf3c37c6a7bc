/**
 * Events as CloudEvents 1.0, with the types of two AAS projects:
 * - `cloudevents`: async-aas (`io.admin-shell.events.v1.created`, `updated`, `deleted`, `valueChanged`);
 * - `feed`: the Event Feed proposed as issue 557 of admin-shell-io/aas-specs-api, as implemented in September 2026
 *   (`io.admin-shell.submodel.updated.v1`): changes of values and elements are updates of their submodel.
 * What only this hub has, a compliance report that is worse than the one before, has a type of its own in both.
 */
import { encodeId } from '../../model/identifier.ts'
import { formatTime } from '../../model/time.ts'
import type { DocumentKind } from '../../store/store.ts'
import { columnsOf, isoOf, jsonEventOf } from './json-envelope.ts'
import { cursorBehind } from './log-position.ts'
import type { DocumentEvent, StreamEvent } from './subscription.ts'

export interface CloudEvent {
  readonly specversion: '1.0'
  /** Unique and stable across deliveries. Also the cursor behind the event, except in a snapshot. */
  readonly id: string
  /** URL of what changed. */
  readonly source: string
  readonly type: string
  /** Source time of a value; commit time of other changes. */
  readonly time: string
  readonly subject?: string
  /** Class of the metamodel. */
  readonly dataschema?: string
  readonly datacontenttype?: 'application/json'
  readonly data?: unknown
}

export interface CloudEventOptions {
  readonly epoch: string
  /** URL of the API root, without a slash at the end. */
  readonly base: string
  /** Path of the API, at the end of `base`. */
  readonly prefix: string
}

const COMPLIANCE_DROPPED = 'dev.aas-hub.compliance.dropped.v1'

const SCHEMAS = 'https://api.swaggerhub.com/domains/Plattform_i40/Part1-MetaModel-Schemas/V3.1.0#/components/schemas/'

/** Path of each kind of document, and its name in the Event Feed. */
const KINDS: { readonly [Kind in DocumentKind]?: readonly [path: string, name: string] } = {
  AssetAdministrationShell: ['shells', 'aas'],
  Submodel: ['submodels', 'submodel'],
  ConceptDescription: ['concept-descriptions', 'concept-description'],
  AssetAdministrationShellDescriptor: ['shell-descriptors', 'aas-descriptor'],
  SubmodelDescriptor: ['submodel-descriptors', 'submodel-descriptor'],
  AssetLinks: ['lookup/shells', 'asset-links'],
  Package: ['packages', 'package'],
  Validation: ['submodels', 'validation']
}

/** Kinds that are classes of the metamodel. */
const CLASSES: ReadonlySet<string> = new Set(['AssetAdministrationShell', 'Submodel', 'ConceptDescription'])

/** As in async-aas. */
export function cloudEventOf(event: StreamEvent, options: CloudEventOptions): CloudEvent {
  const id = idOf(event, options.epoch)
  if (event.event === 'document' && event.of === 'ComplianceDrop') return complianceEvent(event, options)
  if (event.event === 'document') {
    const path = elementOf(event)
    const className = CLASSES.has(event.of) ? event.of : undefined
    return {
      specversion: '1.0',
      id,
      source: sourceOf(event, options.base, path),
      type: `io.admin-shell.events.v1.${event.became ?? event.change}`,
      time: isoOf(event.time),
      ...schemaOf(path === undefined ? className : event.elements?.get(path)?.modelType),
      ...dataOf(documentData(event))
    }
  }
  const { submodel, path, modelType } = event
  const isRun = event.event === 'run'
  const time = isRun ? event.run.base + BigInt(event.run.offsets.at(-1) ?? 0) : event.sourceTime
  const quality = isRun ? undefined : event.quality
  return {
    specversion: '1.0',
    id,
    source: urlOf(options.base, 'Submodel', submodel, path),
    type: 'io.admin-shell.events.v1.valueChanged',
    time: time === undefined ? isoOf(event.time) : formatTime(time),
    ...schemaOf(modelType),
    ...(quality !== undefined && { quality }),
    ...dataOf(event.element ?? (isRun ? columnsOf(event.run, event.values) : event.value))
  }
}

/** As in the Event Feed. @param full with the payload, else with identifiers alone */
export function feedEventOf(event: StreamEvent, options: CloudEventOptions, full: boolean): CloudEvent {
  if (event.event === 'document' && event.of === 'ComplianceDrop') return complianceEvent(event, options)
  const [of, change, subject] =
    event.event === 'document' ? [event.of, event.change, event.id] : (['Submodel', 'updated', event.submodel] as const)
  const [, name] = KINDS[of] ?? ['', of]
  const { document, elements, ...rest } = jsonEventOf(event)
  return {
    specversion: '1.0',
    id: idOf(event, options.epoch),
    source: urlOf(options.base, of, subject),
    type: `io.admin-shell.${name}.${change}.v1`,
    time: isoOf(event.time),
    subject,
    ...schemaOf(CLASSES.has(of) ? of : undefined),
    ...dataOf(full ? (document ?? elements ?? rest) : { id: subject, ...pathsOf(event) })
  }
}

/** The report, whose id is the subject, is below the root of the hub. */
function complianceEvent(event: DocumentEvent, { epoch, base, prefix }: CloudEventOptions): CloudEvent {
  // The client may have put a release after the prefix.
  const root = base.slice(0, base.lastIndexOf(prefix))
  return {
    specversion: '1.0',
    id: idOf(event, epoch),
    source: `${root}/compliance/${encodeURIComponent(event.id)}`,
    type: COMPLIANCE_DROPPED,
    time: isoOf(event.time),
    subject: event.id,
    ...dataOf(event.document)
  }
}

/**
 * URL of a document, or of an element of a submodel.
 * @param base URL of the API root, without a slash at the end
 * @param path idShortPath; empty or absent for the document
 */
export function urlOf(base: string, kind: DocumentKind, id: string, path = ''): string {
  const url = `${base}/${KINDS[kind]?.[0] ?? ''}/${encodeId(id)}`
  return path === '' ? url : `${url}/submodel-elements/${encodeURIComponent(path)}`
}

/** Events of a snapshot or of the history have no position in the log: their content and time identify them. */
function idOf(event: StreamEvent, epoch: string): string {
  if (event.seq > 0 && event.snapshot === undefined) return cursorBehind(epoch, event)
  if (event.event === 'document') return `${event.seq}/${event.of}/${event.id}`
  const time = event.event === 'value' ? event.sourceTime : event.run.base + BigInt(event.run.offsets[0] ?? 0)
  return `${event.seq}/${time ?? ''}/${event.path}/${event.submodel}`
}

/** The path of the touched element, where it is exactly one. */
function elementOf({ of, touched }: DocumentEvent): string | undefined {
  return of === 'Submodel' && touched?.length === 1 ? touched[0] : undefined
}

function sourceOf({ of, id }: DocumentEvent, base: string, path: string | undefined): string {
  return of === 'Validation' ? `${urlOf(base, of, id)}/$validation` : urlOf(base, of, id, path)
}

function documentData({ document, elements, touched }: DocumentEvent): unknown {
  if (elements === undefined) return document
  return touched?.length === 1 ? elements.get(touched[0] ?? '') : Object.fromEntries(elements)
}

function pathsOf(event: StreamEvent): { paths?: readonly string[] } {
  if (event.event !== 'document') return { paths: [event.path] }
  return event.touched === undefined ? {} : { paths: event.touched }
}

/** The class of the metamodel, as both projects name it. */
export function schemaOf(className: string | undefined): { dataschema?: string } {
  return className === undefined ? {} : { dataschema: SCHEMAS + className }
}

function dataOf(data: unknown): Pick<CloudEvent, 'data' | 'datacontenttype'> {
  return data === undefined ? {} : { datacontenttype: 'application/json', data }
}
