/** `describe`: the structure of a machine, a submodel or a part of it, as a compact tree. */
import { z } from 'zod'
import { meaningOf } from '../../../model/meaning.ts'
import type { AssetAdministrationShell, Submodel, SubmodelElement } from '../../../model/types.ts'
import { type Container, childrenOf } from '../../../model/walk.ts'
import { elementPath, type HubRequests, submodelPath, Unanswerable } from '../hub/requests.ts'
import { headsOf, inLanguage, machinesOf, select, shellOf, submodelIdsOf } from '../hub/selection.ts'
import { type Concept, conceptsOf } from './concepts.ts'
import { kindText, valueText } from './element-text.ts'
import { language, tool } from './tool.ts'

const MAX_LINES = 250
const name = z.string().min(1).max(2048).optional()

export const describe = tool({
  name: 'describe',
  title: 'Structure of a machine or submodel',
  description:
    'A machine: its asset and submodels. A submodel, or the part at `path`: a tree with type, unit, current value and meaning of each element. Name the machine, the submodel (idShort is enough beside the machine), or both.',
  input: z.strictObject({
    machine: name.describe('Shell by idShort, id or asset id'),
    submodel: name.describe('id or idShort'),
    path: name.describe('idShortPath of a part'),
    depth: z.int().min(1).max(20).default(6).describe('Levels'),
    semanticIds: z.boolean().default(false).describe('Show them'),
    language
  }),
  run: async ({ hub }, { machine, submodel, path, ...options }) => {
    if (submodel === undefined && machine === undefined)
      throw new Unanswerable('Name "machine" or "submodel": "find" knows which there are')
    if (submodel === undefined && path === undefined) {
      return describeShell(hub, await shellOf(hub, machine ?? ''), options.language)
    }
    const named = { machine: machine ? [machine] : [], submodel: submodel ? [submodel] : [] }
    const { submodels, shells } = await select(hub, named)
    const found = path === undefined || submodels.length === 1 ? submodels : await holders(hub, submodels, path)
    const [only, ...others] = found
    if (only === undefined)
      throw new Unanswerable(`No submodel there has "${path}": describe the machine without "path"`)
    if (others.length > 0)
      throw new Unanswerable(`These are ${found.length} submodels: name one of ${found.slice(0, 10).join(', ')}`)
    const machines = await machinesOf(hub, [only], shells)
    return describeSubmodel(hub, only, path, machines.get(only), options)
  }
})

async function holders(hub: HubRequests, submodels: readonly string[], path: string): Promise<readonly string[]> {
  const found: string[] = []
  for (const id of submodels) {
    if ((await hub.apiIfThere(elementPath(id, path, '/$metadata'))) !== undefined) found.push(id)
  }
  return found
}

// ---- a machine

async function describeShell(hub: HubRequests, shell: AssetAdministrationShell, language?: string): Promise<string> {
  const { id, idShort, displayName, description, assetInformation } = shell
  const { globalAssetId, assetKind, specificAssetIds = [] } = assetInformation ?? {}
  const label = inLanguage(displayName ?? description, language)
  const ids = specificAssetIds.map(({ name, value }) => ` ${name}=${value}`).join('')
  const submodels = await headsOf(hub, submodelIdsOf(shell))
  return [
    `machine ${idShort ?? ''} ${id}${label === undefined ? '' : ` "${label}"`}`,
    `asset ${globalAssetId ?? ''} (${assetKind ?? ''})${ids}`,
    'submodels:',
    ...submodels.map((one) => `  ${headText(one, language)}`)
  ].join('\n')
}

function headText({ id, idShort, semanticId, description }: Submodel, language?: string): string {
  const meaning = semanticId?.keys?.[0]?.value
  const about = inLanguage(description, language)
  return `${idShort ?? ''} ${id}${meaning === undefined ? '' : ` semanticId ${meaning}`}${about === undefined ? '' : ` "${about}"`}`
}

// ---- a submodel

interface TreeOptions {
  readonly depth: number
  readonly semanticIds: boolean
  readonly language?: string | undefined
}

/** A line of the tree before concepts are looked up. */
interface Line {
  readonly level: number
  readonly name: string
  readonly element: SubmodelElement
  /** Its semanticId, or that of the items of its list. */
  readonly meaning: string | undefined
  readonly hiddenChildren: number
}

async function describeSubmodel(
  hub: HubRequests,
  id: string,
  path: string | undefined,
  machine: string | undefined,
  options: TreeOptions
): Promise<string> {
  const content =
    path === undefined
      ? await hub.api<Submodel>(submodelPath(id))
      : await hub.api<SubmodelElement>(elementPath(id, path))
  const lines: Line[] = []
  if (path === undefined) addChildren(content, 0, options.depth, lines)
  else add(content as SubmodelElement, path, { level: 0, depth: options.depth, lines, parent: undefined })
  const shown = lines.slice(0, MAX_LINES)
  const meanings = shown.flatMap(({ meaning }) => meaning ?? [])
  const concepts = await conceptsOf(hub, meanings, options.language)
  const head = path === undefined ? headText(content as Submodel, options.language) : id
  return [
    `submodel ${head}${machine === undefined ? '' : ` of machine ${machine}`}`,
    ...shown.map((line) => lineText(line, concepts, options)),
    ...(lines.length > MAX_LINES
      ? [`… ${lines.length - MAX_LINES} further lines: describe a part by "path", or with less "depth"`]
      : [])
  ].join('\n')
}

function addChildren(container: Container, level: number, depth: number, lines: Line[]): void {
  const isList = container.modelType === 'SubmodelElementList'
  for (const [index, child] of childrenOf(container).entries()) {
    add(child, isList ? `[${index}]` : (child.idShort ?? `[${index}]`), { level, depth, lines, parent: container })
  }
}

function add(
  element: SubmodelElement,
  name: string,
  {
    level,
    depth,
    lines,
    parent
  }: { readonly level: number; readonly depth: number; readonly lines: Line[]; readonly parent: Container | undefined }
): void {
  const isCut = level + 1 >= depth
  lines.push({
    level,
    name,
    element,
    meaning: meaningOf(element, parent),
    hiddenChildren: isCut ? childrenOf(element).length : 0
  })
  if (!isCut) addChildren(element, level + 1, depth, lines)
}

function lineText(
  { level, name, element, meaning, hiddenChildren }: Line,
  concepts: ReadonlyMap<string, Concept>,
  { semanticIds, language }: TreeOptions
): string {
  const concept = concepts.get(meaning ?? '')
  const value = valueText(element, language)
  // All items of a list mean the same.
  const label = inLanguage(element.displayName, language) ?? (name.startsWith('[') ? undefined : concept?.name)
  return [
    '  '.repeat(level + 1),
    `${name}: ${kindText(element)}`,
    concept?.unit === undefined ? '' : ` [${concept.unit}]`,
    value === undefined ? '' : ` = ${value}`,
    label === undefined ? '' : ` "${label}"`,
    semanticIds && meaning !== undefined ? ` <${meaning}>` : '',
    hiddenChildren > 0 ? ` (${hiddenChildren} below)` : ''
  ].join('')
}
