/**
 * A mapping that is itself kept in submodels: an Asset Interfaces Description (IDTA 02017) tells the topics of an asset's
 * MQTT interface, an Asset Interfaces Mapping Configuration (IDTA 02027) which of its properties are which elements.
 */
import { targetOf } from '../../model/facets.ts'
import { formatPath, type Step } from '../../model/path.ts'
import { keyValues, matchKey } from '../../model/reference.ts'
import { trimEnd, trimStart } from '../../model/trim.ts'
import type { Reference, Submodel, SubmodelElement } from '../../model/types.ts'
import { type Container, child, childrenOf } from '../../model/walk.ts'
import type { Store } from '../../store/store.ts'
import { DEFAULT_PAYLOAD, type PayloadRule } from './mapping.ts'

/** What one topic means to one element. */
export interface DescribedRule {
  readonly submodel: string
  readonly path: string
  readonly payload: PayloadRule
}

export interface Description {
  /** By topic. */
  readonly rules: ReadonlyMap<string, readonly DescribedRule[]>
  /** What could not be understood, in words. */
  readonly problems: readonly string[]
  /** Changes with every change of the submodels that it was read from. */
  readonly version: string
}

const CONFIGURATION: Reference = {
  type: 'ExternalReference',
  keys: [
    { type: 'GlobalReference', value: 'https://admin-shell.io/idta/AssetInterfacesMappingConfiguration/2/0/Submodel' }
  ]
}

/** By which an interface says that it is one of MQTT: the vocabulary of its binding, in the spellings of the template. */
const MQTT_SEMANTIC_IDS = ['http://www.w3.org/2011/mqtt', 'https://www.w3.org/2019/wot/mqtt']

/** Mapping configurations and their interfaces; more are left out. */
const MAX_INTERFACES = 1000

export const EMPTY_DESCRIPTION: Description = { rules: new Map(), problems: [], version: '' }

/** Reads all configurations that are stored. @returns `before` where nothing of them changed since */
export async function describedIn(store: Store, before: Description): Promise<Description> {
  const configurations = await configurationsIn(store)
  const mappings = configurations.flatMap(({ submodel }) => mappingsIn(submodel))
  const interfaces = new Map<string, { revision: number; submodel: Submodel | undefined }>()
  for (const { source } of mappings) {
    const id = targetOf(source)
    if (interfaces.has(id) || interfaces.size === MAX_INTERFACES) continue
    const document = await store.document('Submodel', id)
    interfaces.set(id, { revision: document?.revision ?? 0, submodel: document && parse(document.bytes) })
  }
  const read = [...configurations, ...[...interfaces].map(([id, { revision }]) => ({ id, revision }))]
  const version = read.map(({ id, revision }) => `${revision} ${id}`).join('\n')
  if (version === before.version) return before

  const rules = new Map<string, DescribedRule[]>()
  const problems: string[] = []
  for (const { source, sink, from } of mappings) {
    const found = sourceOf(source, interfaces.get(targetOf(source))?.submodel)
    const [submodel, ...steps] = keyValues(sink)
    if (found === undefined) continue
    if (typeof found === 'string' || submodel === undefined || steps.length === 0) {
      problems.push(`${from}: ${typeof found === 'string' ? found : 'the sink is no element'}`)
      continue
    }
    const path = formatPath(steps.map(stepOf))
    const rule =
      found.keys.length === 0
        ? { submodel, path, payload: { ...DEFAULT_PAYLOAD, form: found.form } }
        : { submodel, path: '', payload: { ...DEFAULT_PAYLOAD, fields: new Map([[found.keys.join('.'), path]]) } }
    for (const topic of found.topics) rules.set(topic, [...(rules.get(topic) ?? []), rule])
  }
  return { rules, problems, version }
}

// ---- Asset Interfaces Mapping Configuration

interface Configuration {
  readonly id: string
  readonly revision: number
  readonly submodel: Submodel
}

async function configurationsIn(store: Store): Promise<Configuration[]> {
  const found: Configuration[] = []
  let after: number | undefined = 0
  while (after !== undefined && found.length < MAX_INTERFACES) {
    const page = await store.documents('Submodel', [['semanticId', matchKey(CONFIGURATION)]], { after, limit: 100 })
    for (const { id, revision, bytes } of page.items) found.push({ id, revision, submodel: parse(bytes) })
    after = page.next
  }
  return found
}

interface SourceToSink {
  readonly source: Reference
  readonly sink: Reference
  /** The place in words. */
  readonly from: string
}

/** Sources and sinks with the same id; what a script would transform is not moved (IDTA 02027, Transformation). */
function mappingsIn(submodel: Submodel): SourceToSink[] {
  if (submodel.kind === 'Template') return []
  const lists = childrenOf(submodel).filter(({ idShort }) => idShort === 'MappingConfigurations')
  return lists.flatMap(childrenOf).flatMap((configuration, at) => {
    const transformation = member(configuration, 'Transformation')
    if (transformation !== undefined && 'value' in transformation && transformation.value !== undefined) return []
    const sources = endsOf(configuration, 'Sources', 'Source')
    const sinks = endsOf(configuration, 'Sinks', 'Sink')
    const from = `${submodel.id} MappingConfigurations[${at}]`
    return sources.flatMap(({ id, reference: source }) =>
      sinks.filter((sink) => sink.id === id).map(({ reference: sink }) => ({ source, sink, from }))
    )
  })
}

/** The sources or the sinks of a configuration. */
function endsOf(configuration: SubmodelElement, list: string, name: string): { id: string; reference: Reference }[] {
  const all = member(configuration, list)
  return (all === undefined ? [] : childrenOf(all)).flatMap((end) => {
    const element = member(end, name)
    const id = text(member(end, `${name}Id`))
    if (element?.modelType !== 'ReferenceElement' || element.value === undefined || id === undefined) return []
    return [{ id, reference: element.value }]
  })
}

// ---- Asset Interfaces Description

interface Source {
  /** A topic is written with a leading slash by some and without by others. */
  readonly topics: readonly string[]
  readonly form: PayloadRule['form']
  /** Where in the message the value is. */
  readonly keys: readonly string[]
}

/** Undefined where the source is none of MQTT; a text where it is and cannot be understood. */
function sourceOf(source: Reference, submodel: Submodel | undefined): Source | string | undefined {
  if (submodel === undefined) return 'the submodel of the source is not stored'
  const [, ...keys] = keyValues(source)
  const way: SubmodelElement[] = []
  let here: Container | undefined = submodel
  for (const value of keys) {
    here = child(here, stepOf(value))
    if (here === undefined) return `the source ${keys.join('.')} does not exist`
    way.push(here as SubmodelElement)
  }
  // interface, InteractionMetadata, properties, the property, and within an object: properties, the property, …
  const [asset, , , property, ...within] = way
  if (asset === undefined || !isMqtt(asset)) return undefined
  const forms = property && member(property, 'forms')
  const href = text(forms && member(forms, 'href'))
  if (href === undefined) return `the property ${property?.idShort} has no form with an href`
  // A form by which the asset is written to tells nothing of it.
  if (forms !== undefined && text(member(forms, 'mqv_controlPacket')) === 'publish') return undefined
  const endpoint = member(asset, 'EndpointMetadata')
  const standard = endpoint && text(member(endpoint, 'contentType'))
  const contentType = (forms && text(member(forms, 'contentType'))) ?? standard ?? 'application/json'
  const isText = contentType.startsWith('text/')
  if (!isText && !/\bjson\b/.test(contentType)) return `the content type ${contentType} is not known`
  const topic = topicOf(href, endpoint && text(member(endpoint, 'base')))
  if (topic === '' || /[+#\0]/.test(topic)) return `the href ${href} is no topic`
  return {
    topics: [topic, `/${topic}`],
    form: isText ? 'text' : 'auto',
    keys: within.filter((_, at) => at % 2 === 1).map((step) => text(member(step, 'key')) ?? step.idShort ?? '')
  }
}

/** The path of the address, without the slash before it. */
function topicOf(href: string, base: string | undefined): string {
  if (/^[a-z]+:\/\//i.test(href)) return pathIn(href)
  const prefix = base === undefined ? '' : pathIn(base)
  return [prefix, trimStart(href, '/')].filter((part) => part !== '').join('/')
}

function pathIn(address: string): string {
  const path = trimEnd(trimStart(URL.parse(address)?.pathname ?? '', '/'), '/')
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

function isMqtt({ semanticId, supplementalSemanticIds = [] }: SubmodelElement): boolean {
  const ids = [semanticId, ...supplementalSemanticIds].flatMap((reference) =>
    reference === undefined ? [] : keyValues(reference)
  )
  return ids.some((id) => MQTT_SEMANTIC_IDS.includes(trimEnd(id, '/#')))
}

// ---- steps

function member(container: Container, idShort: string): SubmodelElement | undefined {
  return childrenOf(container).find((element) => element.idShort === idShort)
}

function text(element: SubmodelElement | undefined): string | undefined {
  return element?.modelType === 'Property' && element.value !== undefined && element.value !== ''
    ? element.value
    : undefined
}

/** No idShort begins with a digit: below a list the value of a key is the index [AASd-128]. */
function stepOf(value: string): Step {
  return /^\d+$/.test(value) ? Number(value) : value
}

function parse(bytes: Buffer): Submodel {
  return JSON.parse(bytes.toString()) as Submodel
}
