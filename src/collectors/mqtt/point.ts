/** Items of an MQTT interface: topics, and how their messages are read, by the vocabulary of the binding (`mqv_`). */
import { trimEnd, trimStart } from '../../model/trim.ts'
import { DEFAULT_PAYLOAD_RULE, type PayloadRule } from '../../mqtt/payload-rule.ts'
import {
  type InterfaceDescription,
  type InterfaceItem,
  settingOf
} from '../../operations/asset-interfaces/asset-interface.ts'
import { member, text } from '../../operations/asset-interfaces/members.ts'
import { CollectorError } from '../connector.ts'

export interface MqttPoint {
  readonly item: InterfaceItem
  /** With and without a leading slash, as senders differ; what is written goes to the first one. */
  readonly topics: readonly [string, string]
  readonly isText: boolean
  readonly rule: PayloadRule
  /** Of what is written: does the broker keep it for those that subscribe later? */
  readonly isRetained: boolean
}

/** The place of an item in what is read of a message; more levels are elements below its own. */
export const ROOT = 'item'

/** @throws CollectorError */
export function pointOf(description: InterfaceDescription, item: InterfaceItem): MqttPoint {
  const contentType = settingOf(description, item, 'contentType') ?? 'application/json'
  const isText = contentType.startsWith('text/')
  if (!isText && !/\bjson\b/.test(contentType)) {
    throw new CollectorError(`the content type ${contentType} is not supported`)
  }
  const href = text(member(item.form, 'href')) ?? ''
  const topic = topicOf(href, description.base)
  if (topic === '' || /[+#\0]/.test(topic)) throw new CollectorError(`the href ${href} is not a topic`)
  if (item.sinks.length > 0 && text(member(item.form, 'mqv_controlPacket')) === 'publish') {
    throw new CollectorError(`the machine receives on the topic ${topic}: it is written, not read`)
  }
  return {
    ...{ item, topics: [topic, `/${topic}`], isText },
    rule: {
      ...DEFAULT_PAYLOAD_RULE,
      form: isText ? 'text' : 'auto',
      ...(item.keys.length > 0 && { fields: new Map([[item.keys.join('.'), ROOT]]) })
    },
    isRetained: settingOf(description, item, 'mqv_retain') === 'true'
  }
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
