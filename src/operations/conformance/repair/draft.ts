/** The documents and parts of a file while it is repaired, and the record of each change. */

import type { PackageFile } from '../../../formats/aasx-writer.ts'
import type { PackageFacts } from '../../../formats/environment-source.ts'
import { partKey } from '../../../formats/part-names.ts'
import { type DocumentPath, idShortPathTo, pointerTo } from '../../../model/document-path.ts'
import { walkObjects } from '../../../model/object-walk.ts'
import type { ConceptDescription, Identifiable, Reference } from '../../../model/types.ts'
import { type InspectedFile, inspectDocuments } from '../checks/inspected-file.ts'
import type { Rule } from '../profile.ts'

const LISTS = {
  AssetAdministrationShell: 'assetAdministrationShells',
  Submodel: 'submodels',
  ConceptDescription: 'conceptDescriptions'
} as const

export interface RepairChange {
  /** Id of the rule that asked for it. */
  readonly rule: string
  /** JSON Pointer in the repaired environment; a part name for a part of the package. */
  readonly pointer: string
  readonly idShortPath?: string
  /** Of the document; as it was, where it is moved. */
  readonly id?: string
  /** Absent: there was nothing, or there is nothing now. */
  readonly was?: unknown
  readonly is?: unknown
  /** `moved`: an identifier, with all references to it; `draft`: content for a person to complete. */
  readonly kind: 'changed' | 'moved' | 'draft' | 'removed'
}

/** What asks for a change. */
type Cause = Pick<Rule, 'id'>

/** Concept descriptions of a hub. */
export type ConceptDictionary = (id: string) => Promise<ConceptDescription | undefined>

export class Draft {
  readonly documents: Identifiable[]
  readonly files: PackageFile[]
  readonly changes: RepairChange[] = []
  readonly origin: InspectedFile
  /** Until a document is changed in another way. */
  #references: KnownReferences | undefined
  /** Until a document is added or removed. */
  #pointers: Map<Identifiable, string> | undefined
  /** With the number of changes that were made before: every change is recorded. */
  #inspected: { readonly changes: number; readonly file: InspectedFile } | undefined
  /** Documents of each class. */
  #counts: Map<Identifiable['modelType'], number> | undefined

  constructor(origin: InspectedFile) {
    this.origin = origin
    this.documents = origin.documents.map(({ document }) => structuredClone(document))
    const { files, thumbnail } = origin.source
    this.files = [...(thumbnail === undefined ? [] : [{ ...thumbnail, thumbnail: true }]), ...files]
  }

  /** As the checks see it now; the same object while nothing changes. */
  inspected(): InspectedFile {
    if (this.#inspected?.changes !== this.changes.length) {
      const file = inspectDocuments(this.origin, this.documents, this.origin.package && this.#facts())
      this.#inspected = { changes: this.changes.length, file }
    }
    return this.#inspected.file
  }

  #facts(): PackageFacts {
    const keys = new Set(this.files.map(({ name }) => partKey(name)))
    const hasPart = (name: string) => keys.has(partKey(name))
    return {
      hasPart,
      contentTypeOf: (name) => (hasPart(name) ? 'part' : undefined),
      thumbnails: this.files.flatMap(({ name, thumbnail }) => (thumbnail ? [name] : [])),
      dangling: []
    }
  }

  pointerOf(document: Identifiable): string {
    this.#pointers ??= new Map(
      [...Map.groupBy(this.documents, ({ modelType }) => modelType)].flatMap(([modelType, list]) =>
        list.map((one, index) => [one, `/${LISTS[modelType]}/${index}`] as const)
      )
    )
    return this.#pointers.get(document) ?? ''
  }

  /** Sets the value at a path of a document; undefined removes it. Objects on the way are made. */
  set(
    rule: Cause,
    document: Identifiable,
    path: DocumentPath,
    is: unknown,
    kind: RepairChange['kind'] = 'changed'
  ): void {
    const idShortPath = idShortPathTo(document, path)
    let here = document as unknown as Record<string | number, unknown>
    for (const step of path.slice(0, -1)) {
      here[step] ??= {}
      here = here[step] as Record<string | number, unknown>
    }
    const last = path.at(-1) ?? ''
    const was = here[last]
    if (last === 'id' || path.at(-3) === 'keys' || holdsKeys(was) || holdsKeys(is)) this.#references = undefined
    if (is === undefined) delete here[last]
    else here[last] = is
    this.changes.push({
      ...{ rule: rule.id, pointer: this.pointerOf(document) + pointerTo(path), id: document.id, kind },
      ...(idShortPath !== undefined && { idShortPath }),
      ...(was !== undefined && { was }),
      ...(is !== undefined && { is })
    })
  }

  add(rule: Cause, document: Identifiable, kind: RepairChange['kind']): void {
    const pointer = this.#append(document)
    this.changes.push({ rule: rule.id, pointer, id: document.id, is: document, kind })
  }

  /** Adds a document that stands for one of another id. */
  addMoved(rule: Cause, document: Identifiable, was: string): void {
    const pointer = `${this.#append(document)}/id`
    this.changes.push({ rule: rule.id, pointer, id: was, was, is: document.id, kind: 'moved' })
  }

  #append(document: Identifiable): string {
    this.#references = undefined
    const { modelType } = document
    this.#counts ??= new Map(
      [...Map.groupBy(this.documents, (one) => one.modelType)].map(([of, all]) => [of, all.length])
    )
    const index = this.#counts.get(modelType) ?? 0
    this.#counts.set(modelType, index + 1)
    const pointer = `/${LISTS[modelType]}/${index}`
    this.documents.push(document)
    this.#pointers?.set(document, pointer)
    return pointer
  }

  remove(rule: Cause, document: Identifiable, kind: RepairChange['kind'] = 'changed'): void {
    const pointer = this.pointerOf(document)
    this.drop(document)
    this.changes.push({ rule: rule.id, pointer, id: document.id, was: document, kind })
  }

  /** Removes a document in whose place there is another one, which is recorded. */
  drop(document: Identifiable): void {
    this.documents.splice(this.documents.indexOf(document), 1)
    this.#references = undefined
    this.#pointers = undefined
    this.#counts = undefined
  }

  /** Removes items of a list; an empty list is removed too. @param shown what the record says of an item */
  removeItems<Item extends object>(
    rule: Cause,
    document: Identifiable,
    path: DocumentPath,
    isRemoved: (item: Item) => boolean,
    shown: (item: Item) => unknown = (item) => item
  ): void {
    const member = path.at(-1) ?? ''
    const holder = path.slice(0, -1).reduce<unknown>((here, step) => Object(here)[step], document) as Lists<Item>
    const list = holder[member] ?? []
    for (const [index, item] of list.entries()) {
      if (!isRemoved(item)) continue
      const idShortPath = idShortPathTo(document, [...path, index])
      this.changes.push({
        ...{ rule: rule.id, pointer: this.pointerOf(document) + pointerTo([...path, index]), id: document.id },
        ...(idShortPath !== undefined && { idShortPath }),
        ...{ was: shown(item), kind: 'removed' as const }
      })
    }
    const kept = list.filter((item) => !isRemoved(item))
    if (kept.length === list.length) return
    this.#references = undefined
    if (kept.length > 0) holder[member] = kept
    else delete holder[member]
  }

  addFile(rule: Cause, file: PackageFile, kind: RepairChange['kind']): void {
    this.files.push(file)
    this.changes.push({ rule: rule.id, pointer: file.name, is: file.contentType, kind })
  }

  /** Concept descriptions in the order of their ids, parts in that of their names: equal models are equal files. */
  sort(): void {
    this.files.sort((one, other) => (one.name < other.name ? -1 : 1))
    const isConcept = ({ modelType }: Identifiable) => modelType === 'ConceptDescription'
    const others = this.documents.filter((one) => !isConcept(one))
    const concepts = this.documents.filter(isConcept).sort((one, other) => (one.id < other.id ? -1 : 1))
    this.documents.splice(0, this.documents.length, ...others, ...concepts)
    this.#pointers = undefined
    const pointers = new Map(concepts.map((one) => [one.id, this.pointerOf(one)]))
    for (const [index, change] of this.changes.entries()) {
      const [before] = /^\/conceptDescriptions\/\d+/.exec(change.pointer) ?? []
      const pointer = pointers.get(String(change.kind === 'moved' ? change.is : change.id))
      if (before !== undefined && pointer !== undefined)
        this.changes[index] = { ...change, pointer: pointer + change.pointer.slice(before.length) }
    }
  }

  /** Gives a document another id, and rewrites all references to it. @returns false if the id is in use */
  move(rule: Cause, document: Identifiable, id: string): boolean {
    this.#references ??= this.#findReferences()
    const { ids, byValue } = this.#references
    if (ids.has(id) || id.length > MAX_ID_LENGTH) return false
    const { id: was } = document
    const pointer = `${this.pointerOf(document)}/id`
    document.id = id
    ids.add(id)
    this.changes.push({ rule: rule.id, pointer, id: was, was, is: id, kind: 'moved' })
    const references = byValue.get(was) ?? []
    for (const { key, holder, pointer } of references) {
      key.value = id
      this.changes.push({ rule: rule.id, pointer, id: holder.id, was, is: id, kind: 'changed' })
    }
    byValue.delete(was)
    byValue.set(id, references)
    return true
  }

  #findReferences(): KnownReferences {
    const byValue = new Map<string, KnownKey[]>()
    for (const holder of this.documents) {
      const start = this.pointerOf(holder)
      for (const { object, pointer } of walkObjects(holder, holder.modelType)) {
        for (const [index, key] of ((object.keys ?? []) as NonNullable<Reference['keys']>).entries()) {
          if (key?.value === undefined) continue
          const known = byValue.get(key.value) ?? []
          known.push({ key, holder, pointer: `${start}${pointer}/keys/${index}/value` })
          byValue.set(key.value, known)
        }
      }
    }
    return { ids: new Set(this.documents.map(({ id }) => id)), byValue }
  }
}

/** Does a value have references in it? */
function holdsKeys(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return 'keys' in value || Object.values(value).some(holdsKeys)
}

type Lists<Item> = Record<string | number, Item[]>

interface KnownKey {
  readonly key: { value?: string }
  readonly holder: Identifiable
  readonly pointer: string
}

/** All keys of the documents, by their value. */
interface KnownReferences {
  readonly ids: Set<string>
  readonly byValue: Map<string, KnownKey[]>
}

/** Of an identifier in release 3.0. */
const MAX_ID_LENGTH = 2000
