/** The asset interfaces that stored submodels describe, for all collectors. */
import { createHash } from 'node:crypto'
import { targetIdOf } from '../../model/facets.ts'
import { matchKey } from '../../model/reference.ts'
import type { Submodel, SubmodelElement } from '../../model/types.ts'
import type { Document, Store } from '../../store/store.ts'
import {
  baseOf,
  findSource,
  type InterfaceDescription,
  type InterfaceItem,
  type InterfaceProblem,
  protocolOf
} from './asset-interface.ts'
import { type InterfaceMapping, MAPPING_CONFIGURATION, mappingsIn } from './mapping-configuration.ts'
import { member, text } from './members.ts'

export interface StoredInterfaces {
  readonly interfaces: readonly InterfaceDescription[]
  /** Of mappings that lead to no interface. */
  readonly problems: readonly InterfaceProblem[]
  /** Ids and revisions of the submodels that they were read from. */
  readonly version: string
}

export const NO_INTERFACES: StoredInterfaces = { interfaces: [], problems: [], version: '' }

/** Mapping configurations, and descriptions, that are read; more are left out. */
const MAX_SUBMODELS = 1000

type ReadStore = Pick<Store, 'document' | 'documents'>

/** Reads again what has changed since the reading before. */
export class InterfaceReader {
  readonly #store: ReadStore
  /** By id; parsed once for each revision. */
  #parsed = new Map<string, { readonly revision: number; readonly submodel: Submodel }>()
  #last = NO_INTERFACES

  constructor(store: ReadStore) {
    this.#store = store
  }

  /** @returns the same object as before where nothing changed */
  async read(): Promise<StoredInterfaces> {
    const parsed = new Map<string, { readonly revision: number; readonly submodel: Submodel }>()
    const parse = ({ id, revision, bytes }: Document): Submodel => {
      const known = this.#parsed.get(id)
      const submodel = known?.revision === revision ? known.submodel : (JSON.parse(bytes.toString()) as Submodel)
      parsed.set(id, { revision, submodel })
      return submodel
    }
    const configurations = (await configurationsIn(this.#store)).map(parse)
    const mappings = configurations.flatMap(mappingsIn)
    const missing: string[] = []
    for (const id of new Set(mappings.map(({ affordance }) => targetIdOf(affordance)))) {
      if (parsed.size >= 2 * MAX_SUBMODELS) break
      const document = parsed.has(id) ? undefined : await this.#store.document('Submodel', id)
      if (document !== undefined) parse(document)
      else if (!parsed.has(id)) missing.push(id)
    }
    this.#parsed = parsed
    const version = [...[...parsed].map(([id, { revision }]) => `${revision} ${id}`), ...missing].join('\n')
    if (version !== this.#last.version) {
      this.#last = { ...interfacesOf(mappings, (id) => parsed.get(id)?.submodel), version }
    }
    return this.#last
  }
}

async function configurationsIn(store: ReadStore): Promise<Document[]> {
  const found: Document[] = []
  let after: number | undefined = 0
  while (after !== undefined && found.length < MAX_SUBMODELS) {
    const facet = ['semanticId', matchKey(MAPPING_CONFIGURATION)] as const
    const page = await store.documents('Submodel', [facet], { after, limit: 100 })
    found.push(...page.items)
    after = page.next
  }
  return found
}

interface InterfaceDraft {
  readonly submodel: string
  readonly element: SubmodelElement
  readonly items: Map<string, InterfaceItem>
  readonly problems: InterfaceProblem[]
}

/** Brings all mappings together by their interfaces. */
export function interfacesOf(
  mappings: readonly InterfaceMapping[],
  submodelOf: (id: string) => Submodel | undefined
): Omit<StoredInterfaces, 'version'> {
  const drafts = new Map<SubmodelElement, InterfaceDraft>()
  const problems: InterfaceProblem[] = []
  for (const { affordance, element, isCommand, pollingMs, path, submodel } of mappings) {
    const found = findSource(affordance, submodelOf(targetIdOf(affordance)))
    if (typeof found === 'string' || element === undefined) {
      problems.push({ submodel, path, text: typeof found === 'string' ? found : 'the sink is no element' })
      continue
    }
    const { assetInterface, item } = found
    // An action is executed, in whichever direction it is mapped to its Operation.
    const isWritten = isCommand || item.kind === 'action'
    const draft = drafts.get(assetInterface) ?? {
      ...{ submodel: targetIdOf(affordance), element: assetInterface },
      ...{ items: new Map<string, InterfaceItem>(), problems: [] }
    }
    drafts.set(assetInterface, draft)
    const known = draft.items.get(item.path)
    // Of several mappings of one property the first that has an interval counts.
    const interval = known?.pollingMs ?? pollingMs
    draft.items.set(item.path, {
      ...item,
      sinks: [...(known?.sinks ?? []), ...(isWritten ? [] : [element])],
      commands: [...(known?.commands ?? []), ...(isWritten ? [element] : [])],
      ...(interval !== undefined && { pollingMs: interval })
    })
  }
  const interfaces = [...drafts.values()].flatMap((draft) => {
    const protocol = protocolOf(draft.element)
    if (protocol !== undefined) return [assetInterfaceOf(draft, protocol)]
    const path = draft.element.idShort ?? ''
    problems.push({ submodel: draft.submodel, path, text: `the interface ${path} is of no protocol that is known` })
    return []
  })
  return { interfaces, problems }
}

function assetInterfaceOf(
  { submodel, element, items, problems }: InterfaceDraft,
  protocol: InterfaceDescription['protocol']
): InterfaceDescription {
  const endpoint = member(element, 'EndpointMetadata')
  const all = [...items.values()]
  return {
    ...{ id: `${submodel}#${element.idShort}`, submodel, idShort: element.idShort ?? '', protocol, endpoint, problems },
    title: text(member(element, 'title')),
    base: baseOf(element),
    items: all,
    version: createHash('sha256')
      .update(JSON.stringify([protocol, endpoint, all]))
      .digest('base64url')
  }
}
