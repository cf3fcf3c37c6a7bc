/** A hub, and what it should show. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { lookOnce } from '../../src/followers/history/keeping.ts'
import { parsePolicy } from '../../src/followers/history/policy.ts'
import { migrate } from '../../src/migrate.ts'
import { databaseOf, dropDatabase, encode, openStored, type Running, start } from '../e2e/harness.ts'
import { formats, pagedRows, replayed, rowsOf, type Shown, samplesOf, shown, textOf } from './doors.ts'
import { type Figures, type Quality, type Sample, Series, type Type, types } from './history-model.ts'

/** For each type, in their order. */
export type Given = readonly (readonly (readonly [time: number, text: string, quality: Quality | undefined])[])[]

export type Step = { readonly samples: Given } | 'thin' | 'restart' | 'compact' | 'retype' | 'migrate' | 'keep'

const DAY_MS = 86_400_000
const NOW_MS = Date.UTC(2026, 0, 1)

export class Rig {
  readonly #t: Test
  readonly #series = new Map(types.map((type) => [type, new Series(type)]))
  readonly #sent = new Map<Type, Shown[]>(types.map((type) => [type, []]))
  readonly #directories: string[] = []
  #hub: Running
  #width = 10_000

  private constructor(t: Test, hub: Running, directory: string) {
    this.#t = t
    this.#hub = hub
    this.#directories.push(directory)
  }

  static async begin(t: Test): Promise<Rig> {
    const directory = await mkdtemp(join(tmpdir(), 'aas-hub-metamorphic-'))
    const rig = new Rig(t, await start(t, { DATA_DIR: directory }), directory)
    t.equal((await rig.#hub.post('/submodels', rig.#submodel())).status, 201)
    return rig
  }

  async end(): Promise<void> {
    await this.#hub.stop()
    for (const directory of this.#directories) {
      await rm(directory, { recursive: true, force: true })
      await dropDatabase(databaseOf(directory))
    }
  }

  async take(step: Step): Promise<void> {
    if (typeof step === 'object') return this.#push(step.samples)
    if (step === 'retype') return this.#retype()
    await this.#hub.stop()
    if (step === 'compact') await this.#look('')
    if (step === 'thin') {
      await this.#look(`after=PT1S; mean=PT${this.#width / 1000}S`)
      for (const series of this.#series.values()) series.thin(this.#width)
      this.#width *= 2
    }
    if (step === 'keep') await this.#look('keep=P400D')
    if (step === 'migrate') await this.#migrate()
    this.#hub = await start(this.#t, { DATA_DIR: this.#directories.at(-1) as string })
    if (step === 'keep') await this.#dropOld(NOW_MS - 400 * DAY_MS)
  }

  async agree(limit: number, when: string): Promise<void> {
    for (const [type, series] of this.#series) {
      const path = nameOf(type)
      const wanted = series.shown().map(({ time, text, quality }) => shown(nameOf(type), time, text, quality))
      for (const format of formats) {
        // Annotated CSV has no qualities.
        const bare = format === 'flux' ? wanted.map(({ time, text }) => ({ time, text })) : wanted
        same(this.#t, await samplesOf(this.#hub, path, format), bare, `${type} as ${format}, ${when}`)
      }
      const paged = rowsOf(await pagedRows(this.#hub, `path=${path}&quality=true`, limit), path)
      same(this.#t, paged, wanted, `${type} in pages of ${limit}, ${when}`)
      await this.#agreeOnFigures(type, series, limit, when)
      const events = await replayed(this.#hub, path)
      this.#t.same(sortedTexts(events), sortedTexts(this.#sent.get(type) ?? []), `${type} in the log, ${when}`)
    }
  }

  async #agreeOnFigures(type: Type, series: Series, limit: number, when: string): Promise<void> {
    const names = ['count', 'min', 'max', 'sum', 'mean', 'first', 'last'] as const
    const width = this.#width * 2
    const query = `path=${nameOf(type)}&interval=${width}ms${names.map((name) => `&aggregate=${name}`).join('')}`
    const rows = await pagedRows(this.#hub, query, limit)
    const wanted = series.figures(width)
    const title = `aggregates of ${type}, ${when}`
    this.#t.same(
      rows.map(([time]) => Date.parse(String(time))),
      [...wanted.keys()],
      title
    )
    for (const [time, ...cells] of rows) {
      const figures = wanted.get(Date.parse(String(time))) as Figures
      for (const [i, name] of names.entries()) {
        if (figures[name] === undefined) continue
        const isRight = isNear(textOf(cells[i]), textOf(figures[name]), name === 'mean')
        if (!isRight) this.#t.equal(cells[i], figures[name], `${name} of ${time}, ${title}`)
      }
    }
  }

  async #push(given: Given): Promise<void> {
    const sent: (Sample & { path: string })[] = []
    for (const [i, type] of types.entries()) {
      const series = this.#series.get(type) as Series
      for (const [time, text, quality] of given[i] ?? []) {
        if (series.isTaken(time)) continue
        series.put({ time, text, quality })
        this.#sent.get(type)?.push(shown(nameOf(type), time, text, quality))
        sent.push({ path: nameOf(type), time, text, quality })
      }
    }
    const items = sent.map(({ path, time, text, quality }) => {
      return { path, time: new Date(time).toISOString(), value: sentValue(path, text), ...(quality && { quality }) }
    })
    const { status, text } = await this.#hub.post(`${this.#hub.url}/ingest`, { submodel: 'urn:m', samples: items })
    if (status !== 200) this.#t.equal(status, 200, text)
  }

  /** Whole numbers may be so of a larger type. */
  async #retype(): Promise<void> {
    const series = this.#series.get('xs:int') as Series
    series.type = series.type === 'xs:int' ? 'xs:long' : 'xs:int'
    const { status, text } = await this.#hub.put(`/submodels/${encode('urn:m')}`, this.#submodel())
    this.#t.equal(status, 204, text)
  }

  async #look(policy: string): Promise<void> {
    const store = await openStored(this.#directories.at(-1) as string)
    try {
      await lookOnce(store, {
        policyOf: () => parsePolicy(policy),
        failed: (error) => this.#t.fail(String(error)),
        clock: () => NOW_MS
      })
    } finally {
      await store.close()
    }
  }

  async #migrate(): Promise<void> {
    const to = await mkdtemp(join(tmpdir(), 'aas-hub-metamorphic-'))
    const from = this.#directories.at(-1) as string
    this.#directories.push(to)
    await migrate(databaseOf(from) || from, databaseOf(to) || to)
  }

  /** Retention lets go of whole chunks: what is young enough stays, and nothing else comes instead. */
  async #dropOld(before: number): Promise<void> {
    for (const [type, series] of this.#series) {
      const left = await samplesOf(this.#hub, nameOf(type), 'json').catch(() => [])
      const times = new Set(left.map(({ time }) => time))
      const young = series.shown().filter(({ time }) => time >= before)
      this.#t.ok(
        young.every(({ time }) => times.has(time)),
        `${type}: what is young enough stays`
      )
      series.drop(times)
    }
  }

  #submodel(): object {
    const submodelElements = [...this.#series].map(([type, series]) => ({
      modelType: 'Property',
      idShort: nameOf(type),
      valueType: series.type
    }))
    return { modelType: 'Submodel', id: 'urn:m', idShort: 'Machine', submodelElements }
  }
}

function nameOf(type: Type): string {
  return type.slice(3)
}

function sentValue(path: string, text: string): unknown {
  return path === 'boolean' ? text === 'true' : text
}

function same(t: Test, found: readonly Shown[], wanted: readonly Shown[], title: string): void {
  const isSame =
    found.length === wanted.length &&
    found.every(({ time, text, quality }, i) => {
      const other = wanted[i]
      return other !== undefined && time === other.time && quality === other.quality && isNear(text, other.text)
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

function sortedTexts(all: readonly Shown[]): string[] {
  return all.map(({ time, text, quality = '' }) => `${time} ${text} ${quality}`).sort()
}
