/** The topics of Sparkplug B that concern a host application (Eclipse Sparkplug 3.0, chapter 4). */
import type { SparkplugMapping } from './mapping.ts'

const NODE_MESSAGES: readonly string[] = ['NBIRTH', 'NDATA', 'NDEATH']
const DEVICE_MESSAGES: readonly string[] = ['DBIRTH', 'DDATA', 'DDEATH']

/** Topic filters to subscribe to. Commands are left out: they are addressed to edge nodes. */
export function sparkplugFilters({ groups, hostId }: SparkplugMapping): string[] {
  const inGroup = (group: string) => [
    ...NODE_MESSAGES.map((type) => `spBv1.0/${group}/${type}/+`),
    ...DEVICE_MESSAGES.map((type) => `spBv1.0/${group}/${type}/+/+`)
  ]
  const filters = (groups.length === 0 ? ['+'] : groups).flatMap(inGroup)
  return hostId === undefined ? filters : [...filters, stateTopic(hostId)]
}

/** Topic of a host's STATE messages (4.2.3). */
export function stateTopic(hostId: string): string {
  return `spBv1.0/STATE/${hostId}`
}

export function isSparkplugTopic(topic: string): boolean {
  return topic.startsWith('spBv1.0/')
}

export interface SparkplugTopic {
  readonly group: string
  readonly type: string
  readonly edge: string
  /** '' where the message is about the edge node itself. */
  readonly device: string
}

/** @param levels of the topic, `spBv1.0` first @returns undefined where the message is not meant for a host */
export function parseSparkplugTopic(levels: readonly string[]): SparkplugTopic | undefined {
  const [, group = '', type = '', edge = '', device = ''] = levels
  const isDevice = DEVICE_MESSAGES.includes(type)
  if (!(isDevice || NODE_MESSAGES.includes(type)) || levels.length !== (isDevice ? 5 : 4)) return undefined
  return { group, type, edge, device }
}
