/** Which machines, submodels and elements a tool is about, and how machines are named. */
import { encodeId } from '../../../model/identifier.ts'
import type { AssetAdministrationShell, ConceptDescription, LangString, Submodel } from '../../../model/types.ts'
import { type HubRequests, ifAllowed, inParallel, submodelPath, Unanswerable } from './requests.ts'

/** As callers write it. */
export interface ElementSelection {
  readonly machine?: readonly string[] | undefined
  readonly submodel?: readonly string[] | undefined
  readonly path?: readonly string[] | undefined
  readonly semanticId?: readonly string[] | undefined
}

/** Identifiers instead of names. */
export interface Selected {
  /** Empty: all of the plant. */
  readonly submodels: readonly string[]
  readonly paths: readonly string[]
  readonly semanticIds: readonly string[]
  /** Those that were named. */
  readonly shells: readonly AssetAdministrationShell[]
}

interface Page<Item> {
  readonly result: readonly Item[]
  readonly paging_metadata?: { readonly cursor?: string }
}

export type PageOf<Item> = Page<Item>

/** Candidates that a message names. */
const MAX_NAMED = 10
const MAX_SUBMODELS_OF_SHELL = 200

/** @throws Unanswerable where a name means nothing, or several */
export async function select(hub: HubRequests, selection: ElementSelection): Promise<Selected> {
  const { machine = [], submodel = [], path = [], semanticId = [] } = selection
  const shells = await inParallel(machine, (name) => shellOf(hub, name))
  const semanticIds = (await inParallel(semanticId, (name) => conceptIdsOf(hub, name))).flat()
  return { shells, paths: path, semanticIds, submodels: await submodelsOf(hub, shells, submodel) }
}

async function submodelsOf(
  hub: HubRequests,
  shells: readonly AssetAdministrationShell[],
  named: readonly string[]
): Promise<readonly string[]> {
  const below = shells.flatMap(submodelIdsOf)
  if (shells.length === 0) {
    return (await inParallel(named, (name) => (isId(name) ? Promise.resolve([name]) : idsByIdShort(hub, name)))).flat()
  }
  if (named.length === 0) return below
  const heads = await headsOf(hub, below)
  return named.flatMap((name) => {
    const found = heads.filter(({ id, idShort, semanticId }) =>
      [id, idShort, semanticId?.keys?.[0]?.value].includes(name)
    )
    if (found.length > 0) return found.map(({ id }) => id)
    const names = heads.map(({ idShort, id }) => idShort ?? id)
    throw new Unanswerable(`"${name}" is no submodel there; there are: ${names.join(', ') || 'none that you may read'}`)
  })
}

/** @param name identifier or idShort of a shell, or an asset id; a part of its name if that is unique */
export async function shellOf(hub: HubRequests, name: string): Promise<AssetAdministrationShell> {
  if (isId(name)) {
    const shell = await hub.apiIfThere<AssetAdministrationShell>(`/shells/${encodeId(name)}`)
    if (shell !== undefined) return shell
  } else {
    const { result } = await hub.api<Page<AssetAdministrationShell>>('/shells', { idShort: name, limit: 2 })
    if (result.length === 1 && result[0] !== undefined) return result[0]
  }
  const { result } = await hub.get<Page<AssetAdministrationShell>>('/shell-search', { text: name, limit: MAX_NAMED })
  const [only, ...others] = result
  if (only === undefined) {
    throw new Unanswerable(`There is no machine "${name}" that you may read: use "find" with a part of its name`)
  }
  if (others.length > 0) {
    const names = result.map(({ idShort, id }) => idShort ?? id).join(', ')
    throw new Unanswerable(`"${name}" is not one machine; which of: ${names}? Repeat with one of these`)
  }
  return only
}

/** @param name identifier or idShort of a concept; what is neither is taken as an identifier */
async function conceptIdsOf(hub: HubRequests, name: string): Promise<readonly string[]> {
  if (isId(name)) return [name]
  const page = await hub.apiIfThere<Page<ConceptDescription>>('/concept-descriptions', {
    idShort: name,
    limit: MAX_NAMED
  })
  return page === undefined || page.result.length === 0 ? [name] : page.result.map(({ id }) => id)
}

async function idsByIdShort(hub: HubRequests, name: string): Promise<readonly string[]> {
  const query = { idShort: name, limit: MAX_SUBMODELS_OF_SHELL }
  const { result } = await hub.api<Page<Submodel>>('/submodels/$metadata', query)
  const ids = result.filter(({ kind }) => kind !== 'Template').map(({ id }) => id)
  if (ids.length > 0) return ids
  throw new Unanswerable(`There is no submodel "${name}" that you may read: use "find" with a part of its name`)
}

export function submodelIdsOf({ submodels = [] }: AssetAdministrationShell): readonly string[] {
  return submodels.flatMap(({ keys }) => keys?.[0]?.value ?? []).slice(0, MAX_SUBMODELS_OF_SHELL)
}

/** Submodels without their elements; those that the caller may not read are left out. */
export async function headsOf(hub: HubRequests, ids: readonly string[]): Promise<readonly Submodel[]> {
  const heads = await inParallel(ids, (id) => hub.apiIfThere<Submodel>(submodelPath(id, '/$metadata')))
  return heads.filter((head) => head !== undefined)
}

/** Identifiers are URIs or IRDIs; idShorts have none of these signs. */
function isId(name: string): boolean {
  return /[:/#]/.test(name)
}

/** Submodels in one condition. */
const SUBMODELS_PER_QUERY = 50

/** The idShort of the shell that each submodel belongs to, or its identifier; submodels without one are left out. */
export async function machinesOf(
  hub: HubRequests,
  submodels: readonly string[],
  known: readonly AssetAdministrationShell[]
): Promise<ReadonlyMap<string, string>> {
  const wanted = new Set(submodels)
  const found = new Map<string, string>()
  const note = (shell: AssetAdministrationShell) => {
    for (const id of submodelIdsOf(shell)) if (wanted.has(id)) found.set(id, shell.idShort ?? shell.id)
  }
  known.forEach(note)
  const rest = [...wanted].filter((id) => !found.has(id))
  const parts = Array.from({ length: Math.ceil(rest.length / SUBMODELS_PER_QUERY) }, (_, at) =>
    rest.slice(at * SUBMODELS_PER_QUERY, (at + 1) * SUBMODELS_PER_QUERY)
  )
  const pages = await inParallel(parts, (ids) => shellsWith(hub, ids))
  pages.flat().forEach(note)
  return found
}

async function shellsWith(hub: HubRequests, ids: readonly string[]): Promise<readonly AssetAdministrationShell[]> {
  const $or = ids.map((id) => ({ $eq: [{ $field: '$aas#submodels[].keys[].value' }, { $strVal: id }] }))
  const $condition = ids.length === 1 ? $or[0] : { $or }
  const path = `${hub.port.apiPrefix}/query/shells?limit=${2 * ids.length}`
  const page = await ifAllowed(hub.write<Page<AssetAdministrationShell>>('POST', path, { $condition }))
  return page?.result ?? []
}

/** A text in the requested language, else in English, else the first. */
export function inLanguage(texts: readonly LangString[] | undefined, language = 'en'): string | undefined {
  const by = (wanted: string) => texts?.find((text) => text.language?.toLowerCase().split('-')[0] === wanted)?.text
  return by(language.toLowerCase().split('-')[0] ?? '') ?? by('en') ?? texts?.[0]?.text
}
