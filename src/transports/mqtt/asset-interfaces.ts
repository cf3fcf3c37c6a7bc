/**
 * Topic mappings from stored submodels: an Asset Interfaces Description (IDTA 02017) describes the topics of an asset's
 * MQTT interface, an Asset Interfaces Mapping Configuration (IDTA 02027) maps its properties to elements.
 */
import { trimEnd, trimStart } from '../../model/trim.ts'
import {
  type InterfaceDescription,
  type InterfaceItem,
  type InterfaceProblem,
  settingOf
} from '../../operations/asset-interfaces/asset-interface.ts'
import { member, text } from '../../operations/asset-interfaces/members.ts'
import type { InterfaceReader } from '../../operations/asset-interfaces/stored-interfaces.ts'
import { DEFAULT_PAYLOAD_RULE, type PayloadRule } from './mapping.ts'

/** Maps a topic to an element, or to the fields of a submodel. */
export interface InterfaceRule {
  readonly submodel: string
  readonly path: string
  readonly payload: PayloadRule
}

export interface AssetInterfaces {
  /** By topic. */
  readonly rules: ReadonlyMap<string, readonly InterfaceRule[]>
  /** What could not be understood, as text. */
  readonly problems: readonly string[]
  /** Ids and revisions of the submodels that the rules were read from. */
  readonly version: string
}

export const NO_ASSET_INTERFACES: AssetInterfaces = { rules: new Map(), problems: [], version: '' }

/** Reads all stored configurations. @returns `before` where none of them changed */
export async function readAssetInterfaces(
  reader: Pick<InterfaceReader, 'read'>,
  before: AssetInterfaces
): Promise<AssetInterfaces> {
  const stored = await reader.read()
  if (stored.version === before.version) return before
  const rules = new Map<string, InterfaceRule[]>()
  const problems: string[] = []
  for (const assetInterface of stored.interfaces) {
    if (assetInterface.protocol !== 'mqtt') continue
    for (const item of assetInterface.items) {
      const topic = topicPropertyOf(assetInterface, item)
      if (typeof topic === 'string') problems.push(`${assetInterface.submodel} ${item.path}: ${topic}`)
      if (topic === undefined || typeof topic === 'string') continue
      for (const { submodel, path } of item.sinks) {
        const rule = ruleOf(submodel, path, topic, item.keys)
        for (const name of topic.topics) rules.set(name, [...(rules.get(name) ?? []), rule])
      }
    }
  }
  problems.push(...stored.problems.map(textOf))
  return { rules, problems, version: stored.version }
}

function ruleOf(submodel: string, path: string, { form }: TopicProperty, keys: readonly string[]): InterfaceRule {
  if (keys.length === 0) return { submodel, path, payload: { ...DEFAULT_PAYLOAD_RULE, form } }
  return { submodel, path: '', payload: { ...DEFAULT_PAYLOAD_RULE, fields: new Map([[keys.join('.'), path]]) } }
}

function textOf({ submodel, path, text }: InterfaceProblem): string {
  return `${submodel} ${path}: ${text}`
}

interface TopicProperty {
  /** With and without a leading slash, as senders differ. */
  readonly topics: readonly string[]
  readonly form: PayloadRule['form']
}

/** Undefined where nothing is to be received; a text where the item cannot be understood. */
function topicPropertyOf(
  assetInterface: InterfaceDescription,
  item: InterfaceItem
): TopicProperty | string | undefined {
  // The asset subscribes to this topic: it is for commands.
  if (text(member(item.form, 'mqv_controlPacket')) === 'publish') return undefined
  const contentType = settingOf(assetInterface, item, 'contentType') ?? 'application/json'
  const isText = contentType.startsWith('text/')
  if (!isText && !/\bjson\b/.test(contentType)) return `the content type ${contentType} is not supported`
  const href = text(member(item.form, 'href')) ?? ''
  const topic = topicOf(href, assetInterface.base)
  if (topic === '' || /[+#\0]/.test(topic)) return `the href ${href} is not a topic`
  return { topics: [topic, `/${topic}`], form: isText ? 'text' : 'auto' }
}

/** The path of the address, without a leading slash. */
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
