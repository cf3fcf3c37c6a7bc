/** The data of a chart: read for its time, and continued by what arrives while it is live. */
import { useEffect, useState } from 'preact/hooks'
import type { SeriesName, TimeWindow } from '../../../client/api/timeseries.ts'
import type { ChangeEvent, Events } from '../../../client/client.ts'
import type { ChartView } from '../../core/chart-address.ts'
import { language } from '../../core/language.ts'
import { type Following, follow } from '../../core/live.ts'
import { type ChartData, continueChart, readChart } from './chart-data.ts'

/** After the last change of the time, e.g. while the chart is dragged. */
const SETTLE_MS = 150
const TICK_MS = 1000
/** A live chart is read again, for samples that came late, and gaps. */
const REFRESH_MS = 60_000
/** Of events before they are sent. */
const GATHER_MS = 250
/** Clocks of machines may be ahead. */
const AHEAD_MS = 60_000

export interface ChartState {
  /** The last that was read, perhaps of a time nearby. */
  readonly data: ChartData | undefined
  readonly error: unknown
  readonly isLoading: boolean
  readonly window: TimeWindow
}

interface Read {
  /** Of which series. */
  readonly key: string
  readonly data?: ChartData
  readonly error?: unknown
  readonly isLoading: boolean
}

export function useChart(series: readonly SeriesName[], view: ChartView): ChartState {
  const key = JSON.stringify([series, language.value])
  const [state, setState] = useState<Read>({ key, isLoading: true })
  const [now, setNow] = useState(Date.now)
  const viewKey = view.is === 'live' ? String(view.lastMs) : `${view.from} ${view.to}`
  useEffect(() => {
    if (series.length === 0) return
    setState((last) => (last.key === key ? { ...last, isLoading: true } : { key, isLoading: true }))
    const settleMs = state.key === key && state.data !== undefined ? SETTLE_MS : 0
    const feed = new ChartFeed(series, view, settleMs, {
      onData: (data) => setState({ key, data, isLoading: false }),
      onError: (error) => setState((last) => ({ ...last, error, isLoading: false })),
      onTime: setNow
    })
    return () => feed.close()
  }, [key, viewKey])
  const window = view.is === 'live' ? { from: now - view.lastMs, to: now } : view
  const current: Read = state.key === key ? state : { key, isLoading: true }
  return { data: current.data, error: current.error, isLoading: current.isLoading, window }
}

interface FeedListeners {
  readonly onData: (data: ChartData) => void
  readonly onError: (error: unknown) => void
  readonly onTime: (now: number) => void
}

class ChartFeed {
  readonly #series: readonly SeriesName[]
  readonly #view: ChartView
  readonly #listeners: FeedListeners
  readonly #ending = new AbortController()
  readonly #timers: ReturnType<typeof setTimeout>[] = []
  readonly #following: Following | undefined
  #data: ChartData | undefined
  #readAt = 0
  #isReading = false
  /** Time of the first sample that is not drawn yet. */
  #since = Number.POSITIVE_INFINITY

  constructor(series: readonly SeriesName[], view: ChartView, settleMs: number, listeners: FeedListeners) {
    this.#series = series
    this.#view = view
    this.#listeners = listeners
    if (view.is === 'live') {
      // Before it is read, so that nothing is missed in between.
      const select = { submodels: unique(series, 'submodel'), paths: unique(series, 'path'), kinds: ['value'] as const }
      this.#following = follow({ select, columns: true, window: GATHER_MS }, (events) => this.#noted(events))
      this.#timers.push(setInterval(() => this.#tick(), TICK_MS))
      listeners.onTime(Date.now())
    }
    this.#timers.push(setTimeout(() => void this.#start(), settleMs))
  }

  close(): void {
    this.#ending.abort()
    this.#following?.close()
    for (const timer of this.#timers) clearTimeout(timer)
  }

  async #start(): Promise<void> {
    await this.#following?.started
    if (!this.#ending.signal.aborted && !this.#isReading) await this.#read()
  }

  #noted({ events, recovered }: Events): void {
    if (recovered === false) this.#readAt = 0
    for (const event of events) this.#since = Math.min(this.#since, startOf(event))
  }

  #tick(): void {
    this.#listeners.onTime(Date.now())
    if (this.#isReading) return
    if (this.#data === undefined || Date.now() - this.#readAt > REFRESH_MS) void this.#read()
    else if (this.#since !== Number.POSITIVE_INFINITY) void this.#continue(this.#data)
  }

  #read(): Promise<void> {
    this.#readAt = Date.now()
    return this.#load(async () => {
      this.#since = Number.POSITIVE_INFINITY
      return readChart(this.#series, this.#request())
    })
  }

  #continue(data: ChartData): Promise<void> {
    return this.#load(async () => {
      const request = this.#request()
      const since = Math.max(this.#since, request.from)
      this.#since = Number.POSITIVE_INFINITY
      return (await continueChart(data, this.#series, { ...request, since })) ?? readChart(this.#series, request)
    })
  }

  async #load(read: () => Promise<ChartData>): Promise<void> {
    this.#isReading = true
    try {
      this.#data = await read()
      if (!this.#ending.signal.aborted) this.#listeners.onData(this.#data)
    } catch (error) {
      // Read again when the hub is there again.
      this.#data = undefined
      if (!this.#ending.signal.aborted) this.#listeners.onError(error)
    } finally {
      this.#isReading = false
    }
  }

  #request() {
    const view = this.#view
    const now = Date.now()
    const window = view.is === 'live' ? { from: now - view.lastMs, to: now + AHEAD_MS } : view
    return { from: Math.floor(window.from), to: Math.ceil(window.to), ...this.#common() }
  }

  #common() {
    return { language: language.peek(), signal: this.#ending.signal }
  }
}

function unique(series: readonly SeriesName[], member: keyof SeriesName): string[] {
  return [...new Set(series.map((one) => one[member]))]
}

/** Milliseconds since 1970. */
function startOf(event: ChangeEvent): number {
  const text = 'start' in event ? event.start : 'sourceTime' in event ? (event.sourceTime ?? event.time) : event.time
  const time = Date.parse(text)
  return Number.isNaN(time) ? Date.now() : time
}
