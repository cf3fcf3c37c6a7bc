/** A hub beside the model of its history. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { clockOf } from '../../src/clock.ts'
import { migrate } from '../../src/commands/migrate.ts'
import { maintainOnce } from '../../src/consumers/history/history-retention.ts'
import { parseHistoryPolicy } from '../../src/consumers/history/policy.ts'
import { databaseOf, dropDatabase, encode, openStored, type Running, start } from '../e2e/harness.ts'
import {
  type Figures,
  type Name,
  names,
  type Quality,
  type Sample,
  Series,
  series as seriesTypes,
  type Type,
  textOf,
  WHOLE
} from './history-model.ts'
import { internalSegment, linkedSegment, recordsFor, seriesSubmodel } from './segment-samples.ts'
import { marker, streamed } from './stream-samples.ts'
import { formats, pagedRows, replayed, rowsOf, type ShownSample, samplesOf, shown } from './table-samples.ts'

/** For each series, in their order; a text for each of its types. */
export type SentSamples = readonly (readonly (readonly [
  time: number,
  texts: readonly string[],
  quality: Quality | undefined
])[])[]

export type Step =
  | { readonly samples: SentSamples }
  | 'downsample'
  | 'restart'
  | 'compact'
  | 'retype'
  | 'migrate'
  | 'keep'
  | 'change store'

/** Where a hub keeps its data: in the directory, or in the database if there is a URL. */
interface StoreLocation {
  readonly directory: string
  readonly url: string
}

const DAY_MS = 86_400_000
const NOW_MS = Date.UTC(2026, 0, 1)

export class Rig {
  readonly #t: Test
  readonly #series = new Map(names.map((name) => [name, new Series(seriesTypes[name])]))
  readonly #sent = new Map<Name, Sample[]>(names.map((name) => [name, []]))
  readonly #places: StoreLocation[] = []
  #hub: Running
  #width = 10_000

  private constructor(t: Test, hub: Running, place: StoreLocation) {
    this.#t = t
    this.#hub = hub
    this.#places.push(place)
  }

  static async begin(t: Test): Promise<Rig> {
    const directory = await newDirectory()
    const place = { directory, url: databaseOf(directory) }
    const rig = new Rig(t, await startAt(t, place), place)
    for (const submodel of rig.#submodels()) t.equal((await rig.#hub.post('/submodels', submodel)).status, 201)
    return rig
  }

  async end(): Promise<void> {
    await this.#hub.stop()
    for (const { directory, url } of this.#places) {
      await rm(directory, { recursive: true, force: true })
      await dropDatabase(url)
    }
  }

  async apply(step: Step): Promise<void> {
    if (typeof step === 'object') return this.#push(step.samples)
    if (step === 'retype') return this.#retype()
    await this.#hub.stop()
    if (step === 'compact') await this.#look('')
    if (step === 'downsample') {
      await this.#look(`after=PT1S; mean=PT${this.#width / 1000}S`)
      for (const series of this.#series.values()) series.downsample(this.#width)
      this.#width *= 2
    }
    if (step === 'keep') await this.#look('keep=P400D')
    if (step === 'migrate') await this.#migrate(this.#place.url !== '')
    if (step === 'change store') await this.#migrate(this.#place.url === '')
    this.#hub = await startAt(this.#t, this.#place)
    if (step === 'keep') await this.#dropOld(NOW_MS - 400 * DAY_MS)
  }

  async compareAll(limit: number, when: string): Promise<void> {
    const replays = await streamed(this.#hub, (path) => this.#series.get(path as Name)?.type ?? 'xs:string')
    for (const [path, series] of this.#series) {
      const { type } = series
      const wanted = series.shown().map(({ time, text, quality }) => shown(type, time, text, quality))
      for (const format of formats) {
        // Annotated CSV has no qualities.
        const found = await samplesOf(this.#hub, path, type, format)
        same(this.#t, found, format === 'flux' ? wanted.map(bare) : wanted, `${path} as ${format}, ${when}`)
      }
      const paged = rowsOf(await pagedRows(this.#hub, `path=${path}&quality=true`, limit), type)
      same(this.#t, paged, wanted, `${path} in pages of ${limit}, ${when}`)
      await this.#agreeOnFigures(path, series, limit, when)
      const sent = (this.#sent.get(path) ?? []).map(({ time, text, quality }) => shown(type, time, text, quality))
      const logged = new Map([['the log', await replayed(this.#hub, path, type)]])
      for (const [source, byPath] of replays) logged.set(source, byPath.get(path) ?? [])
      for (const [source, found] of logged) {
        this.#t.same(sortedTexts(found), sortedTexts(sent), `${path} in ${source}, ${when}`)
      }
    }
    await this.#agreeOnSegments(when)
  }

  async #agreeOnSegments(when: string): Promise<void> {
    const types = this.#types()
    const limit = recordsFor(types.size)
    const all = new Map([...this.#series].map(([name, series]) => [name, series.shown()]))
    const times = new Set([...all.values()].flatMap((samples) => samples.map(({ time }) => time)))
    const latest = [...times].sort((a, b) => a - b).slice(-limit)
    const internal = await internalSegment(this.#hub, types)
    this.#t.equal(internal.count, latest.length, `records of the internal segment, ${when}`)
    const linked = await linkedSegment(this.#hub, types)
    const width = this.#width * 2
    const means = await linkedSegment(this.#hub, types, width)
    for (const [name, type] of types) {
      const wanted = (all.get(name) ?? []).map(({ time, text }) => shown(type, time, text))
      same(this.#t, linked.get(name) ?? [], wanted, `${name} in the linked segment, ${when}`)
      const young = wanted.filter(({ time }) => time >= (latest[0] ?? 0))
      same(this.#t, internal.samples.get(name) ?? [], young, `${name} in the internal segment, ${when}`)
      const figures = [...(this.#series.get(name) as Series).figures(width)]
      const drawn = figures.flatMap(([time, { mean }]) => (Number.isNaN(mean) ? [] : [shown('xs:double', time, mean)]))
      same(this.#t, means.get(name) ?? [], drawn, `${name} as the linked segment's means, ${when}`, true)
    }
  }

  async #agreeOnFigures(path: Name, series: Series, limit: number, when: string): Promise<void> {
    const aggregates = ['count', 'min', 'max', 'sum', 'mean', 'first', 'last'] as const
    const width = this.#width * 2
    const query = `path=${path}&interval=${width}ms${aggregates.map((name) => `&aggregate=${name}`).join('')}`
    const rows = await pagedRows(this.#hub, query, limit)
    const wanted = series.figures(width)
    const title = `aggregates of ${path}, ${when}`
    this.#t.same(
      rows.map(([time]) => Date.parse(String(time))),
      [...wanted.keys()],
      title
    )
    for (const [time, ...cells] of rows) {
      const figures = wanted.get(Date.parse(String(time))) as Figures
      for (const [i, name] of aggregates.entries()) {
        if (figures[name] === undefined) continue
        const isRounded = name === 'mean' || (name === 'sum' && !WHOLE.has(series.type))
        // A sum of both infinities is no number, and its cell is empty.
        const isRight = isNear(textOf(cells[i] ?? Number.NaN), textOf(figures[name]), isRounded)
        if (!isRight) this.#t.equal(cells[i], figures[name], `${name} of ${time}, ${title}`)
      }
    }
  }

  async #push(given: SentSamples): Promise<void> {
    const sent: (Sample & { path: Name })[] = []
    for (const [i, path] of names.entries()) {
      const series = this.#series.get(path) as Series
      for (const [time, texts, quality] of given[i] ?? []) {
        if (series.isTaken(time)) continue
        const sample: Sample = { time, text: texts[series.typeIndex] ?? '', quality }
        series.put(sample)
        this.#sent.get(path)?.push(sample)
        sent.push({ ...sample, path })
      }
    }
    const items = sent.map(({ path, time, text, quality }) => {
      return {
        path,
        time: new Date(time).toISOString(),
        value: sentValue(this.#series.get(path)?.type, text),
        ...(quality && { quality })
      }
    })
    const { status, text } = await this.#hub.post(`${this.#hub.url}/ingest`, { submodel: 'urn:m', samples: items })
    if (status !== 200) this.#t.equal(status, 200, text)
  }

  async #retype(): Promise<void> {
    for (const series of this.#series.values()) series.retype()
    for (const submodel of this.#submodels()) {
      const { status, text } = await this.#hub.put(`/submodels/${encode(submodel.id)}`, submodel)
      this.#t.equal(status, 204, text)
    }
  }

  async #look(policy: string): Promise<void> {
    const store = await openStored(this.#place.directory, this.#place.url)
    try {
      await maintainOnce(store, {
        policyOf: () => parseHistoryPolicy(policy),
        failed: (error) => this.#t.fail(String(error)),
        clock: clockOf(() => NOW_MS)
      })
    } finally {
      await store.close()
    }
  }

  async #migrate(toDatabase: boolean): Promise<void> {
    const from = this.#place
    const directory = await newDirectory()
    const to = { directory, url: toDatabase ? databaseOf(directory) : '' }
    this.#places.push(to)
    await migrate(from.url || from.directory, to.url || to.directory)
  }

  /** Retention deletes whole chunks: younger samples stay, and nothing is added. */
  async #dropOld(before: number): Promise<void> {
    for (const [path, series] of this.#series) {
      const left = await samplesOf(this.#hub, path, series.type, 'json').catch(() => [])
      const times = new Set(left.map(({ time }) => time))
      const young = series.shown().filter(({ time }) => time >= before)
      this.#t.ok(
        young.every(({ time }) => times.has(time)),
        `${path}: what is young enough stays`
      )
      series.drop(times)
    }
  }

  get #place(): StoreLocation {
    return this.#places.at(-1) as StoreLocation
  }

  #types(): Map<Name, Type> {
    return new Map([...this.#series].map(([name, { type }]) => [name, type]))
  }

  #submodels() {
    const types = this.#types()
    const properties = [...types].map(([idShort, valueType]) => ({ modelType: 'Property', idShort, valueType }))
    const machine = {
      modelType: 'Submodel',
      id: 'urn:m',
      idShort: 'Machine',
      submodelElements: [...properties, marker]
    }
    return [machine, seriesSubmodel(types)]
  }
}

function startAt(t: Test, { directory, url }: StoreLocation): Promise<Running> {
  return start(t, { DATA_DIR: directory, MONGODB_URL: url, SEGMENT_RECORDS: '100000' })
}

function newDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'aas-hub-metamorphic-'))
}

function sentValue(type: Type | undefined, text: string): unknown {
  return type === 'xs:boolean' ? text === 'true' : text
}

function bare({ time, text }: ShownSample): ShownSample {
  return { time, text }
}

function same(
  t: Test,
  found: readonly ShownSample[],
  wanted: readonly ShownSample[],
  title: string,
  isRounded = false
): void {
  const isSame =
    found.length === wanted.length &&
    found.every(({ time, text, quality }, i) => {
      const other = wanted[i]
      return (
        other !== undefined && time === other.time && quality === other.quality && isNear(text, other.text, isRounded)
      )
    })
  if (!isSame) t.same(found, wanted, title)
}

/** Means are made in another order here. */
function isNear(one: string, other: string, isRounded = false): boolean {
  if (one === other) return true
  const [a, b] = [Number(one), Number(other)]
  const isWhole = Number.isInteger(a) && Number.isInteger(b)
  return (isRounded || !isWhole) && Math.abs(a - b) <= 1e-9 * (1 + Math.abs(a))
}

function sortedTexts(all: readonly ShownSample[]): string[] {
  return all.map(({ time, text, quality = '' }) => `${time} ${text} ${quality}`).sort()
}
