/**
 * Values that clients monitor. The library samples nodes that it holds, so each monitored item gets a node of its own, in a
 * namespace that no client can read, which is set by what the hub sends; it lasts as long as the item does.
 */
import { DataValue, type NodeId, resolveNodeId, StatusCodes } from 'node-opcua-client'
import type { WatchedChange, WatchedElement } from '../messages.ts'
import { parseNodeId } from '../node-id.ts'
import { browseNameOf, displayNameOf, type NodeNaming } from './attributes.ts'
import type { AddressSpace } from './companion-types.ts'
import type { HubNodeFinder } from './find-node.ts'
import type { Hub } from './hub.ts'
import { presentValues } from './hub-accessor.ts'
import type { HubNode, LiveValue } from './nodes/node.ts'
import { dataValueOf } from './values.ts'

/** Of a node whose item was refused, or is gone. */
const UNUSED_AFTER_MS = 10_000

type Namespace = ReturnType<AddressSpace['registerNamespace']>
type Variable = ReturnType<Namespace['addVariable']>

interface MonitoredValue {
  readonly session: string
  /** Of the node that it stands for. */
  readonly id: string
  /** Absent: its value comes with the structure. */
  readonly live: LiveValue | undefined
  readonly submodel: string | undefined
  readonly isExact: boolean
  readonly variable: Variable
  sourceTime: bigint
  unusedSince: number | undefined
}

export interface MonitoredParts extends NodeNaming {
  readonly hub: Hub
  readonly space: AddressSpace
  readonly nodes: Namespace
  finder(session: string): HubNodeFinder
}

export interface WantedItem {
  /** Identifier of the NodeId. */
  readonly id: string
  readonly isExact: boolean
}

export class MonitoredValues {
  readonly #parts: MonitoredParts
  /** By session and submodel. */
  readonly #values = new Map<string, Set<MonitoredValue>>()
  #last = 0

  constructor(parts: MonitoredParts) {
    this.#parts = parts
  }

  /** @returns nodes to monitor in place of those that are wanted; undefined for what is no variable that the session sees */
  async add(session: string, wanted: readonly WantedItem[]): Promise<(NodeId | undefined)[]> {
    const finder = this.#parts.finder(session)
    const nodes: (HubNode | undefined)[] = []
    for (const { id } of wanted) nodes.push(await finder.find(id))
    const added = nodes.map((node, index) =>
      node?.variable === undefined ? undefined : this.#create(session, node, wanted[index]?.isExact ?? false)
    )
    const watched = added.flatMap(watchedBy)
    // First, so that no change is missed after the reading.
    if (watched.length > 0) await this.#parts.hub.watch(session, watched)
    const values = await presentValues(session, nodes, this.#parts)
    for (const [index, value] of added.entries()) if (value !== undefined) set(value, values[index])
    return added.map((value) => value?.variable.nodeId)
  }

  async apply(changes: readonly WatchedChange[]): Promise<void> {
    for (const change of changes) {
      if (change.is === 'value') this.#applyValue(change)
      else if (change.is === 'refresh') await this.#refresh(change.session, change.submodel)
    }
  }

  /** Number of monitored items. */
  get size(): number {
    return [...this.#values.values()].reduce((sum, values) => sum + values.size, 0)
  }

  /** Does a client monitor anything by this session? */
  isUsed(session: string): boolean {
    return [...this.#values.keys()].some((key) => key.startsWith(`${session} `))
  }

  /** Removes the nodes of items that are gone. */
  sweep(now: number): void {
    for (const [key, values] of this.#values) {
      const gone = [...values].filter((value) => isUnused(value, now))
      for (const value of gone) {
        values.delete(value)
        this.#parts.space.deleteNode(value.variable.nodeId)
      }
      const [first] = gone
      const watched = gone.flatMap(watchedBy)
      if (first !== undefined && watched.length > 0) this.#parts.hub.unwatch(first.session, watched).catch(() => {})
      if (values.size === 0) this.#values.delete(key)
    }
  }

  #create(session: string, node: HubNode, isExact: boolean): MonitoredValue {
    const { types, nodes } = this.#parts
    const { dataType = 'BaseDataType', value } = node.variable ?? {}
    const variable = nodes.addVariable({
      nodeId: resolveNodeId(`ns=${nodes.index};i=${++this.#last}`),
      ...{ browseName: browseNameOf(this.#parts, node), displayName: displayNameOf(node) },
      ...{ dataType: types.dataType(dataType), valueRank: node.variable?.isArray ? 1 : -1, minimumSamplingInterval: 0 }
    })
    const live = value?.is === 'live' ? value : undefined
    const address = parseNodeId(node.id)
    const submodel = address?.kind === 'Submodel' ? address.id : undefined
    const created = { session, id: node.id, live, submodel, isExact, variable, sourceTime: 0n, unusedSince: undefined }
    const key = keyOf(session, submodel)
    const values = this.#values.get(key) ?? new Set()
    this.#values.set(key, values.add(created))
    return created
  }

  #applyValue(change: Extract<WatchedChange, { is: 'value' }>): void {
    for (const value of this.#values.get(keyOf(change.session, change.submodel)) ?? []) {
      const { live } = value
      // A value that was measured before the present one is one of the past.
      if (live?.path !== change.path || change.sourceTime < value.sourceTime) continue
      value.sourceTime = change.sourceTime
      set(
        value,
        dataValueOf({ ...change, modelType: live.modelType, valueType: live.valueType }, live, this.#parts.types)
      )
    }
  }

  async #refresh(session: string, submodel: string): Promise<void> {
    const values = [...(this.#values.get(keyOf(session, submodel)) ?? [])]
    const finder = this.#parts.finder(session)
    const nodes: (HubNode | undefined)[] = []
    for (const { id } of values) nodes.push(await finder.find(id))
    const present = await presentValues(session, nodes, this.#parts)
    for (const [index, value] of values.entries()) {
      set(value, present[index] ?? new DataValue({ statusCode: StatusCodes.BadNodeIdUnknown }))
    }
  }
}

function keyOf(session: string, submodel: string | undefined): string {
  return `${session} ${submodel ?? ''}`
}

/** What comes with the structure changes with that alone. */
function watchedBy(value: MonitoredValue | undefined): WatchedElement[] {
  if (value?.submodel === undefined) return []
  const { submodel, live, isExact } = value
  return [{ submodel, path: live?.path ?? '', isExact }]
}

/** The library notes on a node which items listen to it. */
function isUnused(value: MonitoredValue, now: number): boolean {
  if (value.variable.listenerCount('dispose') > 0) {
    value.unusedSince = undefined
    return false
  }
  value.unusedSince ??= now
  return now - value.unusedSince >= UNUSED_AFTER_MS
}

function set({ variable }: MonitoredValue, value: DataValue | undefined): void {
  if (value === undefined) return
  value.serverTimestamp = new Date()
  // With the nanoseconds of the source, which `setValueFromSource` does not take.
  const open = variable as unknown as { _internal_set_dataValue(value: DataValue): void }
  try {
    open._internal_set_dataValue(value)
  } catch {
    // The element is of another type than when it began to be monitored.
    open._internal_set_dataValue(
      new DataValue({ statusCode: StatusCodes.BadTypeMismatch, serverTimestamp: new Date() })
    )
  }
}
