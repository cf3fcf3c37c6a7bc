/** What was acknowledged or seen must not be gone later: the least that each read has to show. */
import type { Change, ElementRow } from '../../src/store/store.ts'
import { type Attempt, Violation } from './model.ts'

interface Seen {
  readonly name: string
  readonly revision: number
  readonly value: string
}

export class Reads {
  /** The least revision of each element. */
  readonly #revisions = new Map<string, number>()
  /** The last acknowledged commit that made or deleted a submodel. */
  readonly #documents = new Map<string, { readonly seq: number; readonly exists: boolean }>()
  /** Deletions that may have happened. */
  readonly #deletions = new Set<Attempt>()
  #seen: Seen[] = []

  sent(attempt: Attempt): void {
    if (attempt.changes.some(({ change }) => change === 'delete')) this.#deletions.add(attempt)
  }

  acknowledged({ changes }: Attempt, seq: number): void {
    for (const change of changes) this.#note(change, seq)
  }

  /** The state before a read, against which it is checked after it. */
  before(submodel: string, path: string) {
    const least = this.#revisions.get(nameOf(submodel, path)) ?? 0
    const document = this.#documents.get(submodel)
    return {
      check: (row: ElementRow | undefined, hub: string) => {
        if (row === undefined) {
          if (document?.exists === true && !this.#mayBeDeleted(submodel, Math.max(document.seq, least)))
            throw new Violation(`${hub} shows no ${submodel}/${path}, which exists since ${document.seq}`)
          return
        }
        if (row.revision < least)
          throw new Violation(`${hub} shows ${submodel}/${path} as of ${row.revision}, after it was of ${least}`)
        const value = JSON.parse(row.value).value
        this.#raise(nameOf(submodel, path), row.revision)
        if (value !== undefined) this.#seen.push({ name: nameOf(submodel, path), revision: row.revision, value })
      }
    }
  }

  /** Checks what was seen against the log. @param log tags by `seq` */
  compare(log: ReadonlyMap<number, number>, last: number): void {
    for (const { name, revision, value } of this.#seen) {
      if (revision > last) throw new Violation(`${name} was shown as of ${revision}, but the log ends at ${last}`)
      const tag = log.get(revision)
      if (tag !== Number(value)) throw new Violation(`${name} was shown as ${value} of ${revision}, which is ${tag}`)
    }
    this.#seen = []
  }

  #note(change: Change, seq: number): void {
    if (change.change === 'value') this.#raise(nameOf(change.submodel, change.path), seq)
    else if (change.change === 'create' || change.change === 'replace' || change.change === 'delete') {
      const known = this.#documents.get(change.id)
      if (known === undefined || known.seq < seq)
        this.#documents.set(change.id, { seq, exists: change.change !== 'delete' })
    }
  }

  #mayBeDeleted(submodel: string, since: number): boolean {
    return [...this.#deletions].some(
      ({ outcome, changes }) =>
        outcome !== 'refused' &&
        (outcome === 'unknown' || outcome.seq > since) &&
        changes.some((change) => change.change === 'delete' && change.id === submodel)
    )
  }

  #raise(name: string, revision: number): void {
    this.#revisions.set(name, Math.max(revision, this.#revisions.get(name) ?? 0))
  }
}

function nameOf(submodel: string, path: string): string {
  return `${submodel}/${path}`
}
