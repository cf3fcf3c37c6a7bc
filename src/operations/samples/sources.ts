/** Notes who sent the samples of each series last, in this process and since its start. */
import type { SampleSource, SampleTransport } from '../../model/collection/sample-source.ts'
import type { Access } from '../../security/access.ts'
import type { Authentication, Caller } from '../../security/caller.ts'
import type { SeriesName } from '../../store/series.ts'
import type { Change } from '../../store/store.ts'

/** Beyond it, series that were not noted yet are not. */
const MAX_SERIES = 200_000
/** Distinct senders; each is one object for all its series. */
const MAX_SENDERS = 10_000

export class SampleSources {
  readonly #bySeries = new Map<string, SampleSource>()
  readonly #known = new Map<string, SampleSource>()

  note(
    changes: readonly Change[],
    sender: { readonly transport?: SampleTransport; readonly access?: Access | undefined }
  ): void {
    const { transport, access } = sender
    if (transport === undefined) return
    const source = this.#sourceOf(transport, access?.caller)
    for (const change of changes) {
      if (change.change !== 'value' && change.change !== 'samples') continue
      const key = keyOf(change)
      if (this.#bySeries.size < MAX_SERIES || this.#bySeries.has(key)) this.#bySeries.set(key, source)
    }
  }

  /** Undefined where no samples came since the start of this process. */
  of(series: SeriesName): SampleSource | undefined {
    return this.#bySeries.get(keyOf(series))
  }

  #sourceOf(transport: SampleTransport, caller: Caller | undefined): SampleSource {
    const key = `${transport} ${caller?.authentication} ${caller?.name}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const source = describeSource(transport, caller)
    if (this.#known.size >= MAX_SENDERS) this.#known.clear()
    this.#known.set(key, source)
    return source
  }
}

export function describeSource(transport: SampleTransport, caller: Caller | undefined): SampleSource {
  const kind = caller && KINDS[caller.authentication]
  return { transport, ...(caller && { caller: caller.name }), ...(kind && { kind }) }
}

/** A token may be of a person or of a machine. */
const KINDS: Readonly<Partial<Record<Authentication, SampleSource['kind']>>> = {
  password: 'user',
  session: 'user',
  key: 'gateway',
  certificate: 'gateway',
  configuration: 'gateway'
}

function keyOf({ submodel, path }: SeriesName): string {
  return `${path} ${submodel}`
}
