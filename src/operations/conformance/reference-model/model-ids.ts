/** Ids by the conventions of the programme: `{base}/aas/{Machine}/{version}/{revision}`, `sm`, `asset` and `cd` alike. */
import { HubError } from '../../../errors.ts'
import { quote } from '../../../model/excerpt.ts'
import { targetIdOf } from '../../../model/facets.ts'
import type { AssetAdministrationShell, Identifiable, Submodel } from '../../../model/types.ts'
import { moveAssets } from './asset-ids.ts'
import type { ModelStep } from './model-step.ts'

/** Where a model is named in an id. */
interface ModelName {
  readonly machine: string
  /** `{version}/{revision}` */
  readonly version: string
}

/** Moves shells, submodels and assets to the ids of their model. An instance of a model gets the ids of that model. */
export function moveToModelIds(step: ModelStep): void {
  const { draft, base, ruleFor } = step
  const submodels = new Map(draft.documents.flatMap((one) => (one.modelType === 'Submodel' ? [[one.id, one]] : [])))
  const assets = new Map<string, string>()
  const done = new Set<Identifiable>()
  for (const shell of draft.documents) {
    if (shell.modelType !== 'AssetAdministrationShell') continue
    draft.removeItems(
      ruleFor('requiredSubmodels'),
      shell,
      ['submodels'],
      // A model is complete in its file.
      (reference) => !submodels.has(targetIdOf(reference))
    )
    const parts = (shell.submodels ?? []).map((reference) => submodels.get(targetIdOf(reference)))
    const model = modelOf(shell, base)
    // Without a name the rules of the profile say what is missing.
    if (model === undefined) continue
    moveShell(step, shell, model)
    withoutInstance(step, shell, model, assets)
    for (const submodel of parts) {
      if (submodel === undefined || done.has(submodel)) continue
      done.add(submodel)
      moveSubmodel(step, submodel, model)
    }
  }
  moveAssets(draft, ruleFor('assetId'), assets)
}

/** The model that the shell is, or is derived from, else one named by its idShort. */
function modelOf(shell: AssetAdministrationShell, base: string): ModelName | undefined {
  const { id, idShort, derivedFrom, administration } = shell
  const known = [derivedFrom?.keys?.[0]?.value, id].find((one) => one !== undefined && isModelId(one, base, 'aas'))
  if (known !== undefined) {
    const [, machine = '', version = ''] = VERSIONED.exec(known.slice(`${base}/aas/`.length)) ?? []
    return { machine, version }
  }
  if (idShort === undefined) return undefined
  return { machine: encodeURIComponent(idShort), version: versionOf(administration) ?? '1/0' }
}

const VERSIONED = /^(.+)\/(\d{1,4}\/\d{1,4})$/

function isModelId(id: string, base: string, sort: string): boolean {
  const start = `${base}/${sort}/`
  return id.startsWith(start) && VERSIONED.test(id.slice(start.length))
}

function versionOf({ version, revision }: Submodel['administration'] = {}): string | undefined {
  const isNumber = (text: string | undefined) => text !== undefined && /^\d{1,4}$/.test(text)
  return isNumber(version) && isNumber(revision) ? `${version}/${revision}` : undefined
}

function moveShell({ draft, base, ruleFor }: ModelStep, shell: AssetAdministrationShell, model: ModelName): void {
  const id = `${base}/aas/${model.machine}/${model.version}`
  const { id: was } = shell
  if (was !== id && !draft.move(ruleFor('idVersion', 'AssetAdministrationShell'), shell, id))
    throw new HubError('Conflict', [
      `The shell ${quote(was)} and another one would both be the model ${id}; a reference model is made of one of them`
    ])
  forgetTemplate({ draft, ruleFor }, shell)
}

/** What only the instance has: the model it is from, the ids of the single machine. */
function withoutInstance(
  { draft, base, ruleFor }: ModelStep,
  shell: AssetAdministrationShell,
  { machine, version }: ModelName,
  assets: Map<string, string>
): void {
  const rule = ruleFor('assetKind')
  if (shell.derivedFrom !== undefined && targetIdOf(shell.derivedFrom) === shell.id)
    draft.set(rule, shell, ['derivedFrom'], undefined)
  const { assetKind, assetType, globalAssetId } = shell.assetInformation ?? {}
  const isModel = assetType !== undefined && isModelId(assetType, base, 'asset')
  const asset = isModel ? assetType : `${base}/asset/${machine}/${version}`
  if (isModel) draft.set(rule, shell, ['assetInformation', 'assetType'], undefined)
  if (assetKind !== 'Type') draft.removeItems(rule, shell, ['assetInformation', 'specificAssetIds'], () => true)
  if (globalAssetId === undefined) draft.set(ruleFor('assetId'), shell, ['assetInformation', 'globalAssetId'], asset)
  else if (!isModelId(globalAssetId, base, 'asset')) assets.set(globalAssetId, asset)
}

function moveSubmodel({ draft, base, ruleFor }: ModelStep, submodel: Submodel, model: ModelName): void {
  const { id, idShort, administration } = submodel
  const { templateId } = administration ?? {}
  if (isModelId(id, base, 'sm')) return
  const isMoved = () => {
    const rule = ruleFor('idVersion', 'Submodel')
    if (templateId !== undefined && isModelId(templateId, base, 'sm')) return draft.move(rule, submodel, templateId)
    if (idShort === undefined) return false
    const version = versionOf(administration) ?? model.version
    // Another one of the same idShort is reported by the rules of the profile.
    const names = [idShort, `${idShort}_2`, `${idShort}_3`].map(encodeURIComponent)
    return names.some((name) => draft.move(rule, submodel, `${base}/sm/${model.machine}/${name}/${version}`))
  }
  if (isMoved()) forgetTemplate({ draft, ruleFor }, submodel)
}

/** The model is no template of itself. */
function forgetTemplate({ draft, ruleFor }: Pick<ModelStep, 'draft' | 'ruleFor'>, document: Identifiable): void {
  if (document.modelType === 'ConceptDescription' || document.administration?.templateId !== document.id) return
  draft.set(ruleFor('idVersion', document.modelType), document, ['administration', 'templateId'], undefined)
}
