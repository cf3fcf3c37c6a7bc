/**
 * Makes an instance of a reference model: a machine with ids of its own, that names its model, and whose operational data
 * are ready for samples.
 */
import { randomUUID } from 'node:crypto'
import { extname } from 'node:path'
import { HubError } from '../../../errors.ts'
import { quote } from '../../../model/excerpt.ts'
import { targetIdOf } from '../../../model/facets.ts'
import { walkObjects } from '../../../model/object-walk.ts'
import type { AssetAdministrationShell, Property, Submodel } from '../../../model/types.ts'
import { walk } from '../../../model/walk.ts'
import type { InspectedFile } from '../checks/inspected-file.ts'
import { pathOf } from '../checks/paths.ts'
import { iec61360Of } from '../checks/submodels.ts'
import { withInspectedFile } from '../open-file.ts'
import { Draft } from '../repair/draft.ts'
import { requireReadable } from '../repair/repair-draft.ts'
import { writeDraft } from '../repair/write-draft.ts'
import { moveAssets } from './asset-ids.ts'
import { setValueOfInstance } from './examples.ts'

export interface InstanceRequest {
  /** The ids of the instance begin with it. */
  readonly idBase: string
  /** Of the machine; else its ids end in a random one. */
  readonly serial?: string
}

export interface MadeInstance {
  readonly shells: readonly MadeShell[]
  /** Where samples go. */
  readonly points: readonly CollectedElement[]
}

interface MadeShell {
  readonly id: string
  readonly idShort?: string
  /** Id of the shell of its model. */
  readonly model: string
  readonly submodels: readonly string[]
}

/** A Property of the operational data. */
export interface CollectedElement {
  readonly submodel: string
  /** Its idShortPath. */
  readonly path: string
  readonly valueType: string
  readonly unit?: string
  /** Of the model. */
  readonly example?: string
}

/** By convention of the programme, the idShorts of these submodels. */
const OPERATIONAL_DATA = 'OperationalData'
const NAMEPLATE = 'DigitalNameplate'

const CAUSE = { id: 'INSTANCE' }

/**
 * @param from a reference model @param to the file to write: a package, `.json` or `.xml`
 * @throws HubError `BadRequest` in one sentence if it is no reference model; then nothing is written
 */
export async function instantiate(from: string, to: string, request: InstanceRequest): Promise<MadeInstance> {
  return withInspectedFile(from, {}, async (file) => {
    requireReadable(file, 'be instantiated')
    requireModel(file)
    const draft = new Draft(file)
    const step = { draft, base: request.idBase.replace(/\/+$/, ''), serial: request.serial }
    const shells = moveToInstanceIds(step)
    const points = prepareValues(step)
    const extension = extname(to).slice(1).toLowerCase()
    const format = extension === 'json' || extension === 'xml' ? extension : 'aasx'
    await writeDraft(draft, to, { release: '3.1', format, inside: 'xml' })
    return { shells, points }
  })
}

function requireModel({ name, shells, submodels }: InspectedFile): void {
  const refuse = (reason: string): never => {
    throw new HubError('BadRequest', [`${name} is no reference model: ${reason}`])
  }
  if (shells.length === 0) refuse('it has no AssetAdministrationShell')
  for (const { document } of shells) {
    const { assetKind = 'missing' } = document.assetInformation ?? {}
    if (assetKind !== 'Type') refuse(`the assetKind of the shell ${quote(document.id)} is ${assetKind}, not Type`)
  }
  for (const { document } of submodels) {
    const { kind = 'Instance' } = document
    if (kind !== 'Template') refuse(`the kind of the submodel ${quote(document.id)} is ${kind}, not Template`)
  }
}

interface InstanceStep {
  readonly draft: Draft
  readonly base: string
  readonly serial: string | undefined
}

function moveToInstanceIds(step: InstanceStep): MadeInstance['shells'] {
  const { draft, base } = step
  const submodels = new Map(draft.documents.flatMap((one) => (one.modelType === 'Submodel' ? [[one.id, one]] : [])))
  const assets = new Map<string, string>()
  const made: MadeShell[] = []
  const serial = encodeURIComponent(step.serial ?? randomUUID())
  for (const shell of draft.documents.filter((one) => one.modelType === 'AssetAdministrationShell')) {
    const machine = machineOf(shell)
    const parts = (shell.submodels ?? []).map((reference) => submodels.get(targetIdOf(reference)))
    const { id: model } = shell
    moveTo(step, shell, `${base}/aas/${machine}/${serial}`)
    draft.set(CAUSE, shell, ['derivedFrom'], {
      type: 'ModelReference',
      keys: [{ type: 'AssetAdministrationShell', value: model }]
    })
    const { globalAssetId } = shell.assetInformation ?? {}
    const asset = `${base}/asset/${machine}/${serial}`
    if (globalAssetId === undefined) draft.set(CAUSE, shell, ['assetInformation', 'globalAssetId'], asset)
    else assets.set(globalAssetId, asset)
    setAsset(step, shell, globalAssetId)
    for (const submodel of parts) {
      if (submodel === undefined || submodel.kind === 'Instance') continue
      const name = submodel.idShort ?? String(parts.indexOf(submodel))
      moveSubmodel(step, submodel, `${base}/sm/${machine}/${encodeURIComponent(name)}/${serial}`)
    }
    const { id, idShort } = shell
    const ids = parts.flatMap((submodel) => (submodel === undefined ? [] : [submodel.id]))
    made.push({ id, model, submodels: ids, ...(idShort !== undefined && { idShort }) })
  }
  // What belongs to no machine is none of the instance.
  for (const one of submodels.values()) if (one.kind !== 'Instance') draft.drop(one)
  moveAssets(draft, CAUSE, assets)
  return made
}

/** As the convention of ids has it, else the idShort. */
function machineOf({ id, idShort }: AssetAdministrationShell): string {
  const [, machine] = /\/aas\/([^/]+)\/\d+\/\d+$/.exec(id) ?? []
  return machine ?? encodeURIComponent(idShort ?? 'machine')
}

function moveTo({ draft }: InstanceStep, document: AssetAdministrationShell | Submodel, id: string): void {
  const { id: model, administration } = document
  if (!draft.move(CAUSE, document, id))
    throw new HubError('Conflict', [`The file has two documents that would both get the id ${id}`])
  // A model that was made from a published template says so itself.
  if (administration?.templateId === undefined) draft.set(CAUSE, document, ['administration', 'templateId'], model)
}

function setAsset({ draft, serial }: InstanceStep, shell: AssetAdministrationShell, type: string | undefined): void {
  const at = (member: string) => ['assetInformation', member]
  draft.set(CAUSE, shell, at('assetKind'), 'Instance')
  if (type !== undefined) draft.set(CAUSE, shell, at('assetType'), type)
  const { specificAssetIds = [] } = shell.assetInformation ?? {}
  if (serial !== undefined)
    draft.set(CAUSE, shell, at('specificAssetIds'), [...specificAssetIds, { name: 'serialNumber', value: serial }])
}

function moveSubmodel(step: InstanceStep, submodel: Submodel, id: string): void {
  const { draft } = step
  // It means the same as that of the model, whose id it may be.
  const semanticId = structuredClone(submodel.semanticId)
  moveTo(step, submodel, id)
  if (semanticId !== undefined) submodel.semanticId = semanticId
  draft.set(CAUSE, submodel, ['kind'], 'Instance')
  // [AASd-119, AASd-129] Rules for templates only.
  for (const { object, pointer } of [...walkObjects(submodel, 'Submodel')]) {
    if (!Array.isArray(object.qualifiers)) continue
    draft.removeItems<{ kind?: string }>(
      CAUSE,
      submodel,
      [...pathOf(pointer), 'qualifiers'],
      ({ kind }) => kind === 'TemplateQualifier'
    )
  }
}

/** A new machine has measured nothing: the values of the model become examples. */
function prepareValues({ draft, serial }: InstanceStep): readonly CollectedElement[] {
  const points: CollectedElement[] = []
  const { submodels, conceptOf } = draft.inspected()
  for (const { document } of submodels) {
    for (const { element, path, pointer } of walk(document)) {
      if (element.modelType !== 'Property') continue
      if (document.idShort === OPERATIONAL_DATA && !isConstant(element)) {
        const { valueType = 'xs:string', value } = element
        const concept = conceptOf.get(element.semanticId?.keys?.[0]?.value ?? '')
        const unit = concept === undefined ? undefined : iec61360Of(concept)?.unit
        points.push({
          ...{ submodel: document.id, path, valueType },
          ...(unit !== undefined && { unit }),
          ...(value !== undefined && { example: value })
        })
        if (value !== undefined) setValueOfInstance(draft, CAUSE, document, pathOf(pointer), element, undefined)
      } else if (document.idShort === NAMEPLATE && element.idShort === 'SerialNumber' && serial !== undefined)
        setValueOfInstance(draft, CAUSE, document, pathOf(pointer), element, serial)
    }
  }
  return points
}

function isConstant({ category }: Property): boolean {
  return category === 'CONSTANT' || category === 'PARAMETER'
}
