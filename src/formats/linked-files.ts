/** Tracks which files of a package are linked by its documents; finds dangling links and unlinked files. */
import type { Violation } from '../errors.ts'
import { fileLinksOf } from '../model/file-links.ts'
import type { EnvironmentSource, FoundDocument, PartFile } from './environment-source.ts'
import { partsOfLink } from './part-links.ts'

/** Reported warnings of each kind per package. */
const MAX_WARNINGS_PER_KIND = 100

export class LinkedFiles {
  readonly #content: EnvironmentSource
  readonly #linked = new Set<PartFile>()
  readonly #dangling: Violation[] = []

  constructor(content: EnvironmentSource) {
    this.#content = content
  }

  /** Resolves the links of a document. @returns the linked files by link */
  follow(found: FoundDocument): ReadonlyMap<string, PartFile> {
    const files = new Map<string, PartFile>()
    if (this.#content.fileOf === undefined) return files
    for (const { link, pointer } of fileLinksOf(found.document, found.className)) {
      const file = this.#content.fileOf(link, found)
      if (file !== undefined) {
        files.set(link, file)
        this.#linked.add(file)
      } else if (this.#dangling.length < MAX_WARNINGS_PER_KIND && partsOfLink(link, found.part ?? '').length > 0) {
        const text = `"${link.slice(0, 200)}" leads to a file that is not in the package`
        this.#dangling.push({ pointer: `${found.origin}${pointer}`, rule: 'File', text })
      }
    }
    return files
  }

  isLinked(file: PartFile): boolean {
    return this.#linked.has(file)
  }

  /** Dangling links, then unlinked files; complete after the last document. */
  warnings(): Violation[] {
    const unlinked = this.#content.files.filter((file) => !this.#linked.has(file)).slice(0, MAX_WARNINGS_PER_KIND)
    const text = 'no document of the package links to this file'
    return [...this.#dangling, ...unlinked.map(({ name }) => ({ pointer: name, rule: 'File', text }))]
  }
}
