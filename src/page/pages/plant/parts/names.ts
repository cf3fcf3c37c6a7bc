/** What things are called: in the reader's language where they say it, otherwise by idShort, otherwise by identifier. */
import type { Iec61360Content, Referable, Reference, Shell } from '../../../../client/api/aas.ts'
import { describeSubmodels, readConcepts, readShells, readShellsOfAssets } from '../../../../client/api/repository.ts'
import { BatchedCache } from '../../../core/batched-cache.ts'
import { textOf } from '../../../core/format.ts'
import { hub } from '../../../core/hub.ts'

/** Submodels as lists show them. */
export const submodelSummaries = new BatchedCache((ids) => describeSubmodels(hub(), ids))

export const shellNames = new BatchedCache((ids) => readShells(hub(), ids))

/** By global asset id: one of the shells of the asset. */
const shellsByAsset = new BatchedCache(async (assets) =>
  (await readShellsOfAssets(hub(), assets)).map((shell) => ({
    id: shell.assetInformation.globalAssetId ?? '',
    shell
  }))
)

const concepts = new BatchedCache((ids) => readConcepts(hub(), ids))

/** Call it while rendering. Undefined while it is read, null where this hub has none that the caller may see. */
export function shellOfAsset(asset: string): Shell | null | undefined {
  const found = shellsByAsset.get(asset)
  return found === null ? null : found?.shell
}

interface Named {
  readonly displayName?: Referable['displayName'] | undefined
  readonly idShort?: string | undefined
}

export function nameOf(named: Named | null | undefined, id = ''): string {
  return textOf(named?.displayName) ?? named?.idShort ?? shortOf(id)
}

/** The end of an identifier, where that says something. */
function shortOf(id: string): string {
  const end =
    id
      .replace(/[/#:]+$/, '')
      .split(/[/#:]/)
      .at(-1) ?? ''
  return end.length > 2 ? end : id
}

export function lastKeyOf(reference: Reference | undefined): string | undefined {
  return reference?.keys.at(-1)?.value
}

/** What the concept description of a semanticId says; call it while rendering. */
export function conceptOf(semanticId: Reference | undefined): Iec61360Content | undefined {
  const id = semanticId?.keys[0]?.value
  if (id === undefined || id === '') return undefined
  return concepts
    .get(id)
    ?.embeddedDataSpecifications?.map(({ dataSpecificationContent: content }) => content)
    .find(({ modelType }) => modelType === 'DataSpecificationIec61360')
}

/** The unit, unless it is none. */
export function unitOf(semanticId: Reference | undefined): string | undefined {
  const unit = conceptOf(semanticId)?.unit
  return unit === undefined || unit === '' || unit === '1' ? undefined : unit
}
