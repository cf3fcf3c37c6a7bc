/** Finds nodes of a server by their addresses. */
import { type ClientSession, makeBrowsePath, NodeId, resolveNodeId } from 'node-opcua-client'
import type { NodeAddress, PathStep } from '../node-address.ts'

/** A sentence for where there is no such node. */
type FoundNode = NodeId | string

export class NodeFinder {
  readonly #session: ClientSession
  /** The namespace table of the server. */
  readonly namespaces: readonly string[]

  constructor(session: ClientSession, namespaces: readonly string[]) {
    this.#session = session
    this.namespaces = namespaces
  }

  /** @returns in the order of the addresses */
  async find(addresses: readonly NodeAddress[]): Promise<FoundNode[]> {
    const found: FoundNode[] = []
    for (const address of addresses) {
      found.push(address.kind === 'id' ? this.#byId(address) : await this.#byPath(address.steps))
    }
    return found
  }

  #byId({ ns, namespaceUri, id }: Extract<NodeAddress, { kind: 'id' }>): FoundNode {
    const index = namespaceUri === undefined ? ns : this.namespaces.indexOf(namespaceUri)
    if (index === -1) return `the server has no namespace ${namespaceUri}`
    if (index >= this.namespaces.length) return `the server has ${this.namespaces.length} namespaces, and none ${index}`
    try {
      return resolveNodeId(`ns=${index};${id}`)
    } catch {
      return `${id} is not a NodeId`
    }
  }

  /** Names without a namespace are looked up in namespace 0, and then in all. */
  async #byPath(steps: readonly PathStep[]): Promise<FoundNode> {
    const [first, ...rest] = steps
    const fromRoot = first?.name === 'Root'
    const below = fromRoot ? rest : steps
    let current: NodeId = resolveNodeId(fromRoot || isTopFolder(below[0]) ? 'RootFolder' : 'ObjectsFolder')
    const whole = this.#relativePath(below)
    if (whole !== undefined) {
      const [result] = await this.#session.translateBrowsePath([makeBrowsePath(current, whole)])
      const target = result?.targets?.[0]?.targetId
      if (target !== undefined) return new NodeId(target.identifierType, target.value, target.namespace)
    }
    for (const step of below) {
      const child = await this.#child(current, step)
      if (child === undefined)
        return `there is no node ${below.map(({ name }) => name).join('/')}: ${step.name} is missing`
      current = child
    }
    return current
  }

  /** Undefined where a step is of any namespace, or of one that the server has not. */
  #relativePath(steps: readonly PathStep[]): string | undefined {
    const parts = steps.map(({ name, ns, namespaceUri }) => {
      const index = namespaceUri === undefined ? ns : this.namespaces.indexOf(namespaceUri)
      return index === undefined || index === -1 ? undefined : `/${index}:${name.replaceAll(/[/.<>:#!&]/g, '&$&')}`
    })
    return parts.includes(undefined) ? undefined : parts.join('')
  }

  async #child(parent: NodeId, { name, ns, namespaceUri }: PathStep): Promise<NodeId | undefined> {
    const { references } = await this.#session.browse({
      nodeId: parent,
      referenceTypeId: 'HierarchicalReferences',
      includeSubtypes: true,
      browseDirection: 0,
      resultMask: 63
    })
    const index = namespaceUri === undefined ? ns : this.namespaces.indexOf(namespaceUri)
    return references?.find(
      ({ browseName }) => browseName.name === name && (index === undefined || browseName.namespaceIndex === index)
    )?.nodeId
  }
}

function isTopFolder(step: PathStep | undefined): boolean {
  return step !== undefined && ['Objects', 'Types', 'Views'].includes(step.name) && (step.ns ?? 0) === 0
}
