/** Documents as sessions see them: kept, up to a bound, and asked for whether they are still so. */
import type { AssetAdministrationShell, Submodel } from '../../../model/types.ts'
import { parseDocument } from '../../../store/parse-document.ts'
import type { ShownKind } from '../messages.ts'
import type { Hub } from './hub.ts'

/** Bytes of JSON; parsed they take several times as much. One that is larger is kept alone. */
const MAX_BYTES = 16 * 2 ** 20

/** Documents that a folder lists. */
export const MAX_LISTED = 10_000

interface KeptDocument {
  readonly tag: string
  readonly size: number
  readonly content: object
}

interface Kinds {
  readonly AssetAdministrationShell: AssetAdministrationShell
  readonly Submodel: Submodel
}

export class SessionDocuments {
  readonly #hub: Hub
  /** From the one that was used the longest ago to the last one. */
  readonly #kept = new Map<string, KeptDocument>()
  #bytes = 0

  constructor(hub: Hub) {
    this.#hub = hub
  }

  /** Undefined where the session may see nothing of it. */
  async get<Kind extends ShownKind>(session: string, kind: Kind, id: string): Promise<Kinds[Kind] | undefined> {
    const key = `${session} ${kind} ${id}`
    const kept = this.#kept.get(key)
    const shown = await this.#hub.document(session, kind, id, kept?.tag)
    if (shown === undefined) {
      this.#drop(key)
      return undefined
    }
    const { tag, bytes, hiddenItems } = shown
    if (bytes === undefined) {
      if (kept !== undefined) this.#keep(key, kept)
      return kept?.content as Kinds[Kind] | undefined
    }
    const content = parseDocument({ bytes: Buffer.from(bytes), ...(hiddenItems && { hiddenItems }) })
    this.#keep(key, { tag, size: bytes.length, content })
    return content as Kinds[Kind]
  }

  /** Without their elements, up to a bound. */
  async list<Kind extends ShownKind>(session: string, kind: Kind): Promise<Kinds[Kind][]> {
    const listed: Kinds[Kind][] = []
    let after = 0
    for (;;) {
      const { documents, next } = await this.#hub.list(session, kind, after)
      for (const bytes of documents) {
        if (listed.length > MAX_LISTED) return listed
        const { submodelElements: _, ...head } = JSON.parse(Buffer.from(bytes).toString()) as Submodel
        listed.push(head as unknown as Kinds[Kind])
      }
      if (next === undefined) return listed
      after = next
    }
  }

  forget(session: string): void {
    for (const key of [...this.#kept.keys()]) if (key.startsWith(`${session} `)) this.#drop(key)
  }

  #keep(key: string, document: KeptDocument): void {
    this.#drop(key)
    this.#kept.set(key, document)
    this.#bytes += document.size
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= MAX_BYTES || oldest === key) return
      this.#drop(oldest)
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#kept.get(key)?.size ?? 0
    this.#kept.delete(key)
  }
}
