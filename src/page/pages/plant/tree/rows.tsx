/** Rows of the tree: shells with their submodels below them. */
import type { LangString, Reference, Shell, SubmodelSummary } from '../../../../client/api/aas.ts'
import { textOf } from '../../../core/format.ts'
import { type Language, language } from '../../../core/language.ts'
import { Icon } from '../../../ui/icon.tsx'
import type { TreeRow } from '../../../ui/tree-view.tsx'
import type { PlantSelection } from '../parts/address.ts'
import { lastKeyOf, nameOf, submodelSummaries } from '../parts/names.ts'
import { Thumbnail } from '../parts/thumbnail.tsx'

export interface PlantRow extends TreeRow {
  readonly selection: PlantSelection
  /** Selects the shell of this asset instead, if there is one. */
  readonly asset?: string | undefined
}

/** What is kept of a shell, as there may be very many. */
export interface ShellEntry {
  readonly id: string
  readonly idShort: string | undefined
  readonly displayName: readonly LangString[] | undefined
  readonly assetId: string | undefined
  readonly hasThumbnail: boolean
  readonly submodels: readonly string[]
}

export function toShellEntry({ id, idShort, displayName, assetInformation, submodels }: Shell): ShellEntry {
  return {
    ...{ id, idShort, displayName },
    assetId: assetInformation.globalAssetId ?? assetInformation.specificAssetIds?.[0]?.value,
    hasThumbnail: assetInformation.defaultThumbnail !== undefined,
    submodels: (submodels ?? []).flatMap((reference: Reference) => lastKeyOf(reference) ?? [])
  }
}

/** The shells, and the submodels of those that are expanded. */
export function rowsOfShells(
  shells: readonly ShellEntry[],
  expanded: ReadonlySet<string>,
  selected: PlantSelection
): PlantRow[] {
  const rows: PlantRow[] = []
  for (const shell of shells) {
    const isExpanded = shell.submodels.length > 0 ? expanded.has(shell.id) : undefined
    rows.push(rowOfShell(shell, isExpanded, selected.shell === shell.id && selected.submodel === undefined))
    if (isExpanded !== true) continue
    for (const id of shell.submodels) {
      rows.push(rowOfSubmodel(id, submodelSummaries.get(id), { level: 2, shell: shell.id, selected }))
    }
  }
  return rows
}

/** As the rows of all shells are listed again with each page, and few of them have changed. */
const shellRows = new WeakMap<ShellEntry, { readonly row: PlantRow; readonly language: Language }>()

function rowOfShell(shell: ShellEntry, isExpanded: boolean | undefined, isSelected: boolean): PlantRow {
  const known = shellRows.get(shell)
  const isSame = known?.row.isExpanded === isExpanded && known?.row.isSelected === isSelected
  if (known !== undefined && isSame && known.language === language.value) return known.row
  const row: PlantRow = {
    ...{ key: shell.id, level: 1, label: nameOf(shell, shell.id), detail: detailOf(shell) },
    image: () => <Thumbnail shell={shell.id} isNamed={shell.hasThumbnail} size={36} />,
    isExpanded,
    isSelected,
    selection: { shell: shell.id }
  }
  shellRows.set(shell, { row, language: language.value })
  return row
}

export interface SubmodelRowOptions {
  readonly level: number
  readonly shell?: string
  readonly selected: PlantSelection
  readonly badge?: string
}

export function rowOfSubmodel(
  id: string,
  summary: SubmodelSummary | null | undefined,
  { level, shell, selected, badge }: SubmodelRowOptions
): PlantRow {
  return {
    ...{ key: `${shell ?? ''} ${id}`, level, label: nameOf(summary, id), detail: textOf(summary?.description) ?? id },
    image: () => <Icon name="submodel" />,
    badge,
    isSelected: selected.submodel === id && (shell === undefined || selected.shell === shell),
    selection: { shell, submodel: id }
  }
}

function detailOf({ displayName, idShort, assetId, id }: ShellEntry): string {
  return displayName === undefined || idShort === undefined ? (assetId ?? id) : `${idShort} · ${assetId ?? id}`
}
