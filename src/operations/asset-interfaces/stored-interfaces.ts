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

/** A submodel, parsed once for each revision. */
interface Parsed {
  readonly revision: number
  readonly submodel: Submodel
}

interface ParsedConfiguration extends Parsed {
  readonly mappings: readonly InterfaceMapping[]
  /** Ids of the submodels that describe the interfaces. */
  readonly descriptions: ReadonlySet<string>
}

/** Reads again what has changed since the reading before; where nothing has, it looks at no mapping. */
export class InterfaceReader {
  readonly #store: ReadStore
  /** By id. */
  #configurations = new Map<string, ParsedConfiguration>()
  #descriptions = new Map<string, Parsed>()
  #last = NO_INTERFACES

  constructor(store: ReadStore) {
    this.#store = store
  }

  /** @returns the same object as before where nothing changed */
  async read(): Promise<StoredInterfaces> {
    const configurations = new Map<string, ParsedConfiguration>()
    for (const document of await configurationsIn(this.#store)) {
      const known = this.#configurations.get(document.id)
      configurations.set(document.id, isOf(known, document) ? known : configurationOf(document))
      // A listing takes documents from the cache, but leaves none there; those of many items are megabytes.
      if (!isOf(known, document)) await this.#store.document('Submodel', document.id)
    }
    const descriptions = new Map<string, Parsed>()
    const missing: string[] = []
    for (const id of new Set([...configurations.values()].flatMap((one) => [...one.descriptions]))) {
      if (configurations.has(id)) continue
      if (configurations.size + descriptions.size >= 2 * MAX_SUBMODELS) break
      const document = await this.#store.document('Submodel', id)
      const known = this.#descriptions.get(id)
      if (document === undefined) missing.push(id)
      else descriptions.set(id, isOf(known, document) ? known : parsed(document))
    }
    this.#configurations = configurations
    this.#descriptions = descriptions
    const all = new Map<string, Parsed>([...configurations, ...descriptions])
    const version = [...[...all].map(([id, { revision }]) => `${revision} ${id}`), ...missing].join('\n')
    if (version !== this.#last.version) {
      const mappings = [...configurations.values()].flatMap((one) => one.mappings)
      this.#last = { ...interfacesOf(mappings, (id) => all.get(id)?.submodel), version }
    }
    return this.#last
  }
}

function isOf<Known extends Parsed>(known: Known | undefined, { revision }: Document): known is Known {
  return known?.revision === revision
}

function parsed({ revision, bytes }: Document): Parsed {
  return { revision, submodel: JSON.parse(bytes.toString()) as Submodel }
}

function configurationOf(document: Document): ParsedConfiguration {
  const one = parsed(document)
  const mappings = mappingsIn(one.submodel)
  return { ...one, mappings, descriptions: new Set(mappings.map(({ affordance }) => targetIdOf(affordance))) }
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
