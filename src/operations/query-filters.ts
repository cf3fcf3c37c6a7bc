/** Leaves out of what a query finds what its filters hide (Part 2, release 3.2). */
import { HubError } from '../errors.ts'
import type { AasqlQuery } from '../formats/query.ts'
import { CompiledFilter, HiddenParts } from '../model/condition/filter.ts'
import type { Subject } from '../model/condition/subject.ts'
import type { TimeSlice } from '../time-slice.ts'

/** What a query makes of its pages, and when the time of one is over. */
interface PageOfQuery {
  readonly slice: TimeSlice
  readonly isLate: () => boolean
}

export class QueryFilters {
  readonly #filters: readonly CompiledFilter[]

  constructor(filters: AasqlQuery['filters'], subject: Subject) {
    this.#filters = filters.map((filter) => new CompiledFilter(filter, subject, 'searched'))
  }

  /** The other documents that the filters need; see `CompiledCondition`. */
  get joins(): CompiledFilter['joins'] {
    return this.#filters.find(({ joins }) => joins !== undefined)?.joins
  }

  /**
   * What is left of a document, in slices: each filter looks at the document once for each occurrence of its fragment.
   * @throws HubError `BadRequest` if it takes longer than a page may
   */
  async apply<Instance extends object>(
    instance: Instance,
    related: readonly object[],
    { slice, isLate }: PageOfQuery
  ): Promise<Instance> {
    const hidden = new HiddenParts()
    for (const filter of this.#filters) {
      for (const part of filter.occurrences(instance)) {
        if (!filter.shows(instance, related)) hidden.add(part)
        if (!slice.isOver()) continue
        if (isLate()) throw new HubError('BadRequest', [TOO_LONG])
        await slice.pause()
      }
    }
    return hidden.isEmpty ? instance : hidden.without(instance)
  }
}

const TOO_LONG = 'The filters of the query take too long for a document that it finds; use a smaller fragment'
