/**
 * What consists of what: the entities of all submodels HierarchicalStructures (IDTA 02011) as one tree. A part that is the
 * entry of another structure continues there.
 */
import type { Element, SubmodelDocument } from '../../../../client/api/aas.ts'
import { textOf } from '../../../core/format.ts'
import { Icon } from '../../../ui/icon.tsx'
import type { PlantSelection } from '../parts/address.ts'
import { nameOf } from '../parts/names.ts'
import type { PlantRow } from './rows.tsx'

export const STRUCTURE_SEMANTICS = 'https://admin-shell.io/idta/HierarchicalStructures/'

/** Structures that lead back to themselves end here. */
const MAX_DEPTH = 20

interface Part {
  readonly submodel: string
  readonly path: string
  readonly entity: Element
  readonly asset: string | undefined
}

interface Structure {
  readonly entry: Part
  readonly parts: readonly Part[]
}

export function rowsOfStructures(
  submodels: readonly SubmodelDocument[],
  collapsed: ReadonlySet<string>,
  selected: PlantSelection
): PlantRow[] {
  const structures = submodels.flatMap(structureOf)
  const byAsset = new Map(structures.map((structure) => [structure.entry.asset, structure]))
  const partAssets = new Set(structures.flatMap(({ parts }) => parts.map(({ asset }) => asset)))
  const roots = structures.filter(({ entry }) => entry.asset === undefined || !partAssets.has(entry.asset))
  const rows: PlantRow[] = []

  const visit = (part: Part, parts: readonly Part[], level: number, trail: string): void => {
    const key = `${trail} ${part.submodel} ${part.path}`
    const further = level > 1 && part.asset !== undefined ? (byAsset.get(part.asset)?.parts ?? []) : []
    const below = level < MAX_DEPTH ? [...parts, ...further] : []
    const isExpanded = below.length === 0 ? undefined : !collapsed.has(key)
    rows.push({
      ...{ key, level, label: nameOf(part.entity), detail: textOf(part.entity.description) ?? part.asset, isExpanded },
      image: () => <Icon name={part.asset === undefined ? 'list' : 'shell'} />,
      isSelected: selected.submodel === part.submodel && selected.path === part.path,
      selection: { submodel: part.submodel, path: part.path },
      asset: part.asset
    })
    if (isExpanded !== true) return
    for (const one of below) visit(one, partsOf(one), level + 1, key)
  }
  for (const { entry, parts } of roots.length > 0 ? roots : structures) visit(entry, parts, 1, '')
  return rows
}

function structureOf({ id, submodelElements = [] }: SubmodelDocument): Structure[] {
  const isUpward = submodelElements.some(({ idShort, value }) => idShort === 'ArcheType' && value === 'OneUp')
  return submodelElements
    .filter(({ modelType }) => modelType === 'Entity')
    .flatMap((entity) => {
      const entry = partOf(id, entity, '')
      if (!isUpward) return [{ entry, parts: partsOf(entry) }]
      // From the part to the whole.
      return partsOf(entry).map((whole) => ({ entry: whole, parts: [entry] }))
    })
}

function partOf(submodel: string, entity: Element, parent: string): Part {
  const path = parent === '' ? (entity.idShort ?? '') : `${parent}.${entity.idShort ?? ''}`
  return { submodel, path, entity, asset: entity.globalAssetId }
}

function partsOf({ submodel, path, entity }: Part): Part[] {
  return (entity.statements ?? [])
    .filter(({ modelType }) => modelType === 'Entity')
    .map((statement) => partOf(submodel, statement, path))
}
