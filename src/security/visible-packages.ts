/** The AASX packages that a caller may see, and the ids of shells that their descriptions may name for it. */
import { candidates, EVERY } from '../store/candidates.ts'
import { unlessDamaged } from '../store/damage.ts'
import type { DocumentStore } from '../store/document-store.ts'
import type { Document, Facet, FileEntry, Page, PageRequest } from '../store/store.ts'
import type { Access } from './access.ts'
import type { DeletedPackage } from './deleted-documents.ts'
import { PACKAGE_FILE, PACKAGE_KINDS, type PackedDocument, shellsIn } from './package-contents.ts'
import type { Right } from './rights.ts'
import { pageOfShown } from './shown-page.ts'

const KIND = 'Package'
const SHELL = 'AssetAdministrationShell'

interface PackageDescription {
  readonly aasIds: readonly string[]
}

export class VisiblePackages {
  readonly #store: Pick<DocumentStore, 'document' | 'documents' | 'file' | 'open'>
  readonly #access: Access
  readonly #right: Right

  /** @param store read with the rights of the hub */
  constructor(store: Pick<DocumentStore, 'document' | 'documents' | 'file' | 'open'>, access: Access, right: Right) {
    this.#store = store
    this.#access = access
    this.#right = right
  }

  /** Are all of them visible, whatever they hold? */
  async areAll(): Promise<boolean> {
    return (await this.#verdicts()).every((is) => is === 'allowed')
  }

  async page(facets: readonly Facet[], page: PageRequest): Promise<Page<Document>> {
    const verdicts = await this.#verdicts()
    if (verdicts.every((is) => is === 'allowed')) return this.#store.documents(KIND, facets, page)
    if (verdicts.every((is) => is === 'refused')) return { items: [] }
    const { after = 0, limit } = page
    const found = candidates(this.#store as DocumentStore, KIND, {
      ...{ alternatives: [EVERY], facets, after, firstRead: limit + 1 },
      // What is damaged cannot be judged.
      onDamage: () => {}
    })
    return pageOfShown(found, page, async (document) => {
      const shown = await this.show(document)
      if (shown === undefined || shown === document) return shown
      const { aasIds } = descriptionIn(shown)
      return facets.every(([, id]) => aasIds.includes(id)) ? shown : undefined
    })
  }

  /** A stored description, or what is visible of it. */
  async show(document: Document): Promise<Document | undefined> {
    const description = descriptionIn(document)
    const shown = await this.description(document.id, description)
    if (shown === description) return document
    return shown && { ...document, bytes: Buffer.from(JSON.stringify(shown)) }
  }

  /** What is visible of a description: the package entirely or not at all, of its declared ids those of visible shells. */
  async description(id: string, description: PackageDescription): Promise<PackageDescription | undefined> {
    if (await this.areAll()) return description
    const file = await this.#store.file(KIND, id, PACKAGE_FILE)
    const held = file && (await this.#accessibleIn(file))
    if (held === undefined) return undefined
    const shells = shellsIn(held)
    const aasIds: string[] = []
    for (const id of description.aasIds) if (shells.has(id) || (await this.#showsShell(id))) aasIds.push(id)
    return aasIds.length === description.aasIds.length ? description : { ...description, aasIds }
  }

  /** Was one that is deleted now visible? */
  async showsDeleted({ documents, file }: DeletedPackage): Promise<boolean> {
    if (await this.areAll()) return true
    if (documents === undefined) return file !== undefined && (await this.#accessibleIn(file)) !== undefined
    for (const document of documents) {
      const { isAllowed, view } = await this.#access.decide(this.#right, document.modelType, document.id)
      if (!isAllowed && view.visible(document) !== document) return false
    }
    return true
  }

  /** The documents in a package, if all of them are accessible entirely. */
  #accessibleIn(file: FileEntry): Promise<readonly PackedDocument[] | undefined> {
    const { packages } = this.#access.rules
    return unlessDamaged(
      packages.accessible(this.#store, file, ({ kind, id }) => this.#access.decide(this.#right, kind, id))
    )
  }

  /** Of a shell that is not stored here no more than the id is known, as of the shell of asset links. */
  async #showsShell(id: string): Promise<boolean> {
    const { isAllowed, isRefused, view } = await this.#access.decide(this.#right, SHELL, id)
    if (isAllowed || isRefused) return isAllowed
    const stored = await unlessDamaged(this.#store.document(SHELL, id))
    const shell = stored === undefined ? { modelType: SHELL, id } : (JSON.parse(stored.bytes.toString()) as object)
    return view.visible(shell) !== undefined
  }

  async #verdicts(): Promise<readonly string[]> {
    return Promise.all(PACKAGE_KINDS.map((kind) => this.#access.ofKind(this.#right, kind)))
  }
}

function descriptionIn({ bytes }: Document): PackageDescription {
  return JSON.parse(bytes.toString()) as PackageDescription
}
