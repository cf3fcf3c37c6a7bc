/** Repairs of ids, versions and idShorts. */
import { idShortPathTo } from '../../../model/document-path.ts'
import { isA } from '../../../model/fields.ts'
import { walkObjects } from '../../../model/object-walk.ts'
import { ID_SHORT_3_0 } from '../../../model/release-3-0.ts'
import type { ConceptDescription, Identifiable, Reference } from '../../../model/types.ts'
import type { InspectedFile } from '../checks/inspected-file.ts'
import type { Rule } from '../profile.ts'
import type { Draft } from './draft.ts'
import { type Repair, textsOf } from './repair.ts'

/** By convention of the programme, ids end in the version and revision. */
const VERSION = /\/(\d{1,4})\/(\d{1,4})$/

export function globalReference(value: string): Reference {
  return { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value }] }
}

/** The id decides, as references name it; where it has no version, that of `administration`, or 1/0, is appended. */
export const idVersion: Repair = ({ draft, rule }) => {
  for (const document of documentsOf(draft, textsOf(rule, 'of'))) {
    const { id, administration = {} } = document
    const [, version, revision] = VERSION.exec(id) ?? []
    if (version !== undefined && revision !== undefined) {
      const canonical = [String(Number(version)), String(Number(revision))]
      if (canonical[0] !== version || canonical[1] !== revision) continue
      if (administration.version !== version) draft.set(rule, document, ['administration', 'version'], version)
      if (administration.revision !== revision) draft.set(rule, document, ['administration', 'revision'], revision)
      continue
    }
    const wanted = `${administration.version ?? '1'}/${administration.revision ?? '0'}`
    const moved = `${id.replace(/\/$/, '')}/${wanted}`
    if (!draft.move(rule, document, moved)) continue
    if (!administration.version) draft.set(rule, document, ['administration', 'version'], '1')
    if (!administration.revision) draft.set(rule, document, ['administration', 'revision'], '0')
  }
}

/** Characters that an IRI cannot have are percent-encoded. */
export const idFormat: Repair = ({ draft, rule }) => {
  for (const document of documentsOf(draft, textsOf(rule, 'of'))) {
    const encoded = document.id.replace(/[\s<>|\\{}"^`]/g, encodeURIComponent)
    if (encoded !== document.id) draft.move(rule, document, encoded)
  }
}

/** A concept of another dictionary becomes one of our own, which is a case of the former. */
export const idPrefix: Repair = ({ draft, rule }) => {
  const prefixes = textsOf(rule, 'prefixes')
  const base = prefixes.find((prefix) => /^https?:/.test(prefix))
  if (base === undefined || !textsOf(rule, 'of').includes('ConceptDescription')) return
  const moved = new Map<ConceptDescription, string>()
  for (const document of draft.documents) {
    if (document.modelType !== 'ConceptDescription' || document.idShort === undefined) continue
    const { id: was, idShort } = document
    if (prefixes.some((prefix) => was.startsWith(prefix))) continue
    if (draft.move(rule, document, `${base}cd/${idShort}/1/0`)) moved.set(document, was)
  }
  for (const [document, was] of moved)
    draft.set(rule, document, ['isCaseOf'], [...(document.isCaseOf ?? []), globalReference(was)])
}

/** The submodel's own id; a former value is kept beside it. */
export const submodelSemanticId: Repair = ({ draft, rule }) => {
  const prefixes = textsOf(rule, 'prefixes')
  for (const document of draft.documents) {
    if (document.modelType !== 'Submodel' || !prefixes.some((prefix) => document.id.startsWith(prefix))) continue
    const { semanticId, supplementalSemanticIds = [] } = document
    const value = semanticId?.keys?.[0]?.value
    if (value !== undefined && prefixes.some((prefix) => value.startsWith(prefix))) continue
    if (semanticId !== undefined && value !== undefined)
      draft.set(rule, document, ['supplementalSemanticIds'], [...supplementalSemanticIds, semanticId])
    draft.set(rule, document, ['semanticId'], globalReference(document.id))
  }
}

/** By convention, the id of the asset is that of its shell with `asset` in the place of `aas`. */
export const assetId: Repair = ({ draft, rule, rules }) => {
  const base = rules
    .filter(({ check }) => check === 'idPrefix')
    .flatMap((one) => textsOf(one, 'prefixes'))
    .find((prefix) => /^https?:/.test(prefix))
  for (const document of draft.documents) {
    if (document.modelType !== 'AssetAdministrationShell') continue
    const { globalAssetId, specificAssetIds = [] } = document.assetInformation ?? {}
    const { id, idShort } = document
    const [, version] = /\/(\d{1,4}\/\d{1,4})$/.exec(id) ?? []
    const named =
      base !== undefined && idShort !== undefined ? `${base}asset/${idShort}/${version ?? '1/0'}` : undefined
    const wanted = id.includes('/aas/') ? id.replace('/aas/', '/asset/') : named
    if (globalAssetId || specificAssetIds.length > 0 || wanted === undefined) continue
    draft.set(rule, document, ['assetInformation', 'globalAssetId'], wanted)
  }
}

/**
 * A small first letter becomes a capital; another name that is missing or wrong is that in the object's id, or in its
 * concept, which by convention have the same name. Keys of references follow.
 */
export const idShort: Repair = ({ draft, rule, file }) => {
  const pattern = rule.values.pattern as RegExp
  const renamed = new Map<string, string>()
  for (const { document, path, object, siblings, isListItem } of namedObjects(draft, file, textsOf(rule, 'of'))) {
    const { idShort } = object
    if (idShort === undefined ? isListItem || rule.values.required !== true : pattern.test(idShort)) continue
    const capital = idShort && idShort.charAt(0).toUpperCase() + idShort.slice(1)
    const names = [capital, ...conventionalNames(object, file)]
    const name = names.find(
      (one) => one !== undefined && pattern.test(one) && ID_SHORT_3_0.test(one) && !siblings.has(one)
    )
    if (name === undefined) continue
    // The path before anything is renamed, as references have it.
    const before = idShort === undefined ? undefined : idShortPathTo(document, path)
    if (before !== undefined) renamed.set(`${document.id} ${before}`, name)
    draft.set(rule, document, [...path, 'idShort'], name)
  }
  if (renamed.size > 0) renameKeys(draft, file, rule, renamed)
}

/** What an id or a concept calls the object. */
function conventionalNames(object: NamedMember['object'], { conceptOf, submodels }: InspectedFile): readonly string[] {
  const { modelType, id, semanticId } = object
  if (id === undefined) {
    const concept = semanticId?.keys?.[0]?.value ?? ''
    return [conceptOf.get(concept)?.idShort, nameIn(concept)].filter((name) => name !== undefined)
  }
  const own = nameIn(id)
  if (own !== undefined || modelType !== 'ConceptDescription') return own === undefined ? [] : [own]
  const users = submodels.flatMap(({ elements }) =>
    elements.flatMap(({ element }) => (element.semanticId?.keys?.[0]?.value === id ? [element.idShort] : []))
  )
  const [name, ...others] = new Set(users)
  return name === undefined || others.length > 0 ? [] : [name]
}

/** By the conventions of the programme: `{base}/sm/{Machine}/{Submodel}/{version}/{revision}`, `aas` and `cd` alike. */
function nameIn(id: string): string | undefined {
  return /\/(?:aas|sm|cd)\/(?:[^/]+\/)*([^/]+)\/\d{1,4}\/\d{1,4}$/.exec(id)?.[1]
}

interface NamedMember {
  readonly document: Identifiable
  readonly path: readonly (string | number)[]
  readonly object: { modelType: string; idShort?: string; id?: string; semanticId?: Reference }
  readonly siblings: ReadonlySet<string | undefined>
  readonly isListItem: boolean
}

/** Elements from the innermost, so that the paths of outer ones are still those of before. */
function namedObjects(draft: Draft, { documents }: InspectedFile, of: readonly string[]): NamedMember[] {
  const isWanted = (className: string) => of.some((name) => isA(className, name))
  const found: NamedMember[] = []
  const ofClass = Map.groupBy(draft.documents, ({ modelType }) => modelType)
  const namesOf = (list: readonly { idShort?: string }[] = []) => new Set(list.map(({ idShort }) => idShort))
  for (const [index, document] of draft.documents.entries()) {
    const elements = documents[index]?.elements ?? []
    const parentOf = (path: readonly (string | number)[]) => path.slice(0, -1).join('/')
    const children = Map.groupBy(elements, ({ path }) => parentOf(path))
    for (const { element, path, isListItem } of elements.toReversed()) {
      if (!isWanted(element.modelType)) continue
      const siblings = namesOf(children.get(parentOf(path))?.map((one) => one.element))
      found.push({ document, path, object: element, siblings, isListItem })
    }
    if (!isWanted(document.modelType)) continue
    const siblings = namesOf(ofClass.get(document.modelType))
    found.push({ document, path: [], object: document, siblings, isListItem: false })
  }
  return found
}

/** @param renamed new idShorts by id and former path */
function renameKeys(draft: Draft, file: InspectedFile, rule: Rule, renamed: ReadonlyMap<string, string>): void {
  const submodels = new Map(file.submodels.map(({ document }) => [document.id, document]))
  for (const document of draft.documents) {
    for (const { object, className, pointer } of walkObjects(document, document.modelType)) {
      if (className !== 'Reference' || object.type !== 'ModelReference') continue
      const keys = (object.keys ?? []) as NonNullable<Reference['keys']>
      const submodel = submodels.get(keys[0]?.value ?? '')
      if (submodel === undefined) continue
      let path = ''
      let parent = 'Submodel'
      for (const [index, key] of keys.slice(1).entries()) {
        const { value = '', type = '' } = key
        path = parent === 'SubmodelElementList' ? `${path}[${value}]` : path === '' ? value : `${path}.${value}`
        parent = type
        const name = renamed.get(`${submodel.id} ${path}`)
        if (name === undefined) continue
        key.value = name
        const place = `${draft.pointerOf(document)}${pointer}/keys/${index + 1}/value`
        draft.changes.push({ rule: rule.id, pointer: place, id: document.id, was: value, is: name, kind: 'changed' })
      }
    }
  }
}

function documentsOf(draft: Draft, classNames: readonly string[]): readonly Identifiable[] {
  return draft.documents.filter(({ modelType }) => classNames.includes(modelType))
}
