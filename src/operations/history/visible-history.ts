/** The store and the history as one caller may read them: a series that is hidden has no samples, like one that never was. */
import type { Access } from '../../security/access.ts'
import { ReadingView } from '../../security/reading-view.ts'
import { VisibleSeries } from '../../security/visible-series.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import type { History } from './history.ts'

interface Sources {
  readonly store: DocumentStore
  readonly history: History
}

/** @param access undefined: the hub is open. For one request. */
export function visibleSources({ store, history }: Sources, access: Access | undefined): Sources {
  if (access === undefined) return { store, history }
  return {
    // Elements are visible also without their submodel.
    store: new ReadingView(store, access, 'READ', 'elements'),
    history: visibleHistory(history, new VisibleSeries(access, store))
  }
}

function visibleHistory(history: History, visible: VisibleSeries): History {
  const { parts } = history
  return {
    ...visibleReads(history, visible),
    parts: {
      tail: async (series, from, to) => ((await visible.shows(series)) ? parts.tail(series, from, to) : []),
      tailSpan: async (series) => ((await visible.shows(series)) ? parts.tailSpan(series) : undefined),
      async *chunks(series, from, to) {
        if (await visible.shows(series)) yield* parts.chunks(series, from, to)
      },
      seriesOf: async (series) => ((await visible.shows(series)) ? parts.seriesOf(series) : undefined)
    }
  }
}

/** The same for those who only unpack it here. */
export function visibleReads(history: Omit<History, 'parts'>, visible: VisibleSeries): Omit<History, 'parts'> {
  return {
    async *read(series, from, to) {
      if (await visible.shows(series)) yield* history.read(series, from, to)
    },
    async *pieces(series, ...window) {
      if (await visible.shows(series)) yield* history.pieces(series, ...window)
    },
    latest: async (series, count) => ((await visible.shows(series)) ? history.latest(series, count) : []),
    spanOf: async (series) => ((await visible.shows(series)) ? history.spanOf(series) : undefined)
  }
}
