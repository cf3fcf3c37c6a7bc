/** Finds the node of a NodeId, as a session sees it, for the time of one request. */
import { parseStoredPath } from '../../../model/path.ts'
import type { AssetAdministrationShell, Submodel } from '../../../model/types.ts'
import { resolve } from '../../../model/walk.ts'
import type { ShownKind } from '../messages.ts'
import { ENVIRONMENT, nodeIdOf, parseNodeId, SHELLS, type StoredNodeAddress, SUBMODELS } from '../node-id.ts'
import type { SessionDocuments } from './documents.ts'
import {
  conceptNode,
  environment,
  type Lookup,
  placeOf,
  shellFolder,
  shellNode,
  submodelFolder,
  submodelNode
} from './nodes/documents.ts'
import { elementNode } from './nodes/element.ts'
import type { HubNode } from './nodes/node.ts'

/** Nodes of OPC UA itself that lead to those of the hub. */
const OBJECTS_FOLDER = 'i=85'
export const DICTIONARIES = 'i=17594'

export class HubNodeFinder implements Lookup {
  readonly #documents: SessionDocuments
  readonly #session: string
  /** Asked for in this request. */
  readonly #asked = new Map<string, Promise<AssetAdministrationShell | Submodel | undefined>>()

  constructor(documents: SessionDocuments, session: string) {
    this.#documents = documents
    this.#session = session
  }

  async find(id: string): Promise<HubNode | undefined> {
    if (id === ENVIRONMENT) return environment(OBJECTS_FOLDER, this)
    if (id === SHELLS) return shellFolder(this)
    if (id === SUBMODELS) return submodelFolder(this)
    const address = parseNodeId(id)
    let node = address && (await this.#root(address))
    // The path of an element may be spelled in several ways, its node has one name only.
    if (node === undefined || address === undefined) return undefined
    for (const member of address.members) {
      const below: string = `${node.id}/${member}`
      node = (await node.children()).find((one) => one.id === below)
      if (node === undefined) return undefined
    }
    return node.id === id ? node : undefined
  }

  async #root({ kind, id, path }: StoredNodeAddress): Promise<HubNode | undefined> {
    if (kind === 'ConceptDescription') return path === '' ? conceptNode(id, DICTIONARIES) : undefined
    const document = await this.#get(kind, id)
    if (document === undefined) return undefined
    if (document.modelType === 'AssetAdministrationShell') return path === '' ? shellNode(document, this) : undefined
    return path === '' ? submodelNode(document) : elementAt(document, path)
  }

  async submodels(ids: readonly string[]): Promise<ReadonlyMap<string, Submodel>> {
    const found = new Map<string, Submodel>()
    for (const id of ids) {
      const submodel = await this.#get('Submodel', id)
      if (submodel !== undefined) found.set(id, submodel as Submodel)
    }
    return found
  }

  shells(): Promise<readonly AssetAdministrationShell[]> {
    return this.#documents.list(this.#session, 'AssetAdministrationShell')
  }

  allSubmodels(): Promise<readonly Submodel[]> {
    return this.#documents.list(this.#session, 'Submodel')
  }

  #get(kind: ShownKind, id: string): Promise<AssetAdministrationShell | Submodel | undefined> {
    const key = `${kind} ${id}`
    let asked = this.#asked.get(key)
    if (asked === undefined) {
      asked = this.#documents.get(this.#session, kind, id)
      this.#asked.set(key, asked)
    }
    return asked
  }
}

function elementAt(submodel: Submodel, path: string): HubNode | undefined {
  const steps = parseStoredPath(path)
  const element = steps && resolve(submodel, steps)
  const step = steps?.at(-1)
  if (steps === undefined || element === undefined || step === undefined) return undefined
  const isItem = typeof step === 'number'
  const container = steps.length === 1 ? submodel : resolve(submodel, steps.slice(0, -1))
  return elementNode(placeOf(submodel), element, path, {
    id: nodeIdOf('Submodel', submodel.id, parentPath(path)),
    by: isItem && container?.modelType === 'SubmodelElementList' ? 'HasOrderedComponent' : 'HasComponent',
    step
  })
}

function parentPath(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('.'), path.lastIndexOf('[')))
}
