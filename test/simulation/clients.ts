/** Clients: each sends commits and reads, several at a time, and notes what it learns of them. */
import { HubError } from '../../src/errors.ts'
import { encodeRun } from '../../src/store/run-codec.ts'
import type { Change, Store } from '../../src/store/store.ts'
import { create, property, replace, submodel } from '../store/fixtures.ts'
import { type Attempt, Violation } from './model.ts'
import { ConnectionLost, type SimProcess, START_MS } from './process.ts'
import type { Random } from './random.ts'
import { someHub, type World } from './world.ts'

const SUBMODELS = ['s0', 's1', 's2', 's3']

/** Samples are of this time on, in nanoseconds: early enough for every clock that is set back. */
const SAMPLES_FROM = BigInt(START_MS - 30 * 24 * 3_600_000) * 1_000_000n

/** Creates the submodel of each client: what it writes there shows which commit changed a structure. */
export async function createOwn({ model, backend, nextTag }: World, names: readonly string[]): Promise<void> {
  const { process, store } = backend.hubs[0]?.current ?? {}
  const ids = [...names.map((name) => `c-${name}`), ...SUBMODELS.slice(1)]
  const changes = ids.map((id) => create(bodyOf(id, nextTag)))
  if (process === undefined || store === undefined) throw new Error('No hub is up')
  const outcome = await process.call(() => store.commit(changes))
  model.attempts.set(nextTag, { tag: nextTag, sender: 'setup', changes, outcome })
}

/** A name for each client, and how many operations it does. */
export async function runClient(world: World, name: string, operations: number, random: Random): Promise<void> {
  const own = `c-${name}`
  for (let done = 0; done < operations; done++) {
    const hub = await someHub(world, random)
    const client = new Client(world, name, own, hub.process, hub.store, random)
    await client.act()
    if (random.chance(0.3)) await world.scheduler.sleep(random.duration(5), `${name} pauses`)
  }
}

class Client {
  readonly #world: World
  readonly #name: string
  readonly #own: string
  readonly #process: SimProcess
  readonly #store: Store
  readonly #random: Random

  constructor(world: World, name: string, own: string, process: SimProcess, store: Store, random: Random) {
    this.#world = world
    this.#name = name
    this.#own = own
    this.#process = process
    this.#store = store
    this.#random = random
  }

  async act(): Promise<void> {
    const random = this.#random
    const id = random.pick(SUBMODELS)
    switch (random.below(12)) {
      case 0:
        return this.#structure(id)
      case 1:
      case 2:
        return this.#samples(id)
      case 3:
        return this.#keyed(id)
      case 4:
      case 5:
        return this.#several()
      case 6:
      case 7:
      case 8:
        return this.#read(id, random.pick(['p', 'q', 's']))
      default:
        return this.#value(id)
    }
  }

  /** One value; or several, sent one after the other without waiting. */
  async #value(id: string): Promise<void> {
    const path = this.#random.pick(['p', 'q'])
    const incarnation = await this.#incarnation(id, path)
    if (incarnation === undefined) return this.#structure(id)
    const count = this.#random.chance(0.3) ? 1 + this.#random.below(6) : 1
    await Promise.all(
      Array.from({ length: count }, () =>
        this.#commit((tag) => [{ change: 'value', submodel: id, path, incarnation, value: jsonOf(tag) }])
      )
    )
  }

  /** Values of several submodels in one commit. */
  async #several(): Promise<void> {
    const rows: { submodel: string; path: string; incarnation: number }[] = []
    for (const id of SUBMODELS.slice(this.#random.below(3))) {
      const path = this.#random.pick(['p', 'q'])
      const incarnation = await this.#incarnation(id, path)
      if (incarnation !== undefined) rows.push({ submodel: id, path, incarnation })
    }
    if (rows.length === 0) return
    await this.#commit((tag) => rows.map((row) => ({ change: 'value', ...row, value: jsonOf(tag) })))
  }

  async #samples(id: string): Promise<void> {
    const incarnation = await this.#incarnation(id, 's')
    if (incarnation === undefined) return this.#structure(id)
    const [from, count] = [SAMPLES_FROM + BigInt(this.#random.below(10_000)), 1 + this.#random.below(5)]
    await this.#commit((tag) => {
      const offsets = Float64Array.from({ length: count }, (_, at) => at)
      const values = new Float64Array(count).fill(tag)
      const run = encodeRun({ base: from, offsets, form: 'number', values, quality: undefined })
      const to = from + BigInt(count - 1)
      return [{ change: 'samples', submodel: id, path: 's', incarnation, run, count, from, to, value: jsonOf(tag) }]
    })
  }

  /** A batch with a key, sent again until it is known to be stored. */
  async #keyed(id: string): Promise<void> {
    const key = `${this.#name}-${this.#world.nextTag}`
    const hubs = { process: this.#process, store: this.#store }
    for (let tries = 0; tries < 20; tries++) {
      const { process, store } = tries === 0 ? hubs : await someHub(this.#world, this.#random)
      const client = new Client(this.#world, this.#name, this.#own, process, store, this.#random)
      const incarnation = await client.#incarnation(id, 'p')
      if (incarnation === undefined) return
      const value = (tag: number): Change => ({
        change: 'value',
        submodel: id,
        path: 'p',
        incarnation,
        value: jsonOf(tag)
      })
      const error = await client.#commit((tag) => [{ change: 'idempotencyKey', key }, value(tag)], key)
      if (error === undefined) return
      if (error instanceof HubError && error.name === 'AlreadyExists') return client.#findKey(key)
      if (error instanceof HubError && error.name !== 'Unavailable') return
      await this.#world.scheduler.sleep(this.#random.duration(20), `${this.#name} tries again`)
    }
  }

  /** The store says that there was a commit with this key: one of those that were sent. */
  async #findKey(key: string): Promise<void> {
    const seq = await this.#ask((store) => store.commitOfKey(key))
    if (seq === undefined) return
    const sent = [...this.#world.model.attempts.values()].filter((attempt) => attempt.key === key)
    const known = sent.filter(({ outcome }) => outcome !== 'refused')
    if (seq === 'lost') return
    if (known.length === 0) throw new Violation(`The key ${key} is of commit ${seq}, but each attempt was refused`)
    // From now on the sender knows that one of them happened, as if it was acknowledged.
    if (known.length === 1 && known[0] !== undefined) known[0].outcome = { seq }
  }

  async #structure(id: string): Promise<void> {
    const row = await this.#incarnation(id, 'p')
    const mark = await this.#incarnation(this.#own, 'p')
    if (mark === undefined) return
    const own = (tag: number): Change => ({
      change: 'value',
      submodel: this.#own,
      path: 'p',
      incarnation: mark,
      value: jsonOf(tag)
    })
    const kind = row === undefined ? 'create' : this.#random.pick(['whole', 'part', 'part', 'delete'])
    await this.#commit((tag) => [own(tag), this.#documentChange(kind, id, tag)])
  }

  #documentChange(kind: string, id: string, tag: number): Change {
    const body = bodyOf(id, tag)
    if (kind === 'create') return create(body)
    if (kind === 'whole') return replace(body)
    return kind === 'part' ? replace(body, { touched: ['q'] }) : { change: 'delete', kind: 'Submodel', id }
  }

  async #read(id: string, path: string): Promise<void> {
    const before = this.#world.reads.before(id, path)
    const row = await this.#ask((store) => store.element(id, path))
    if (row !== 'lost') before.check(row, this.#process.name)
  }

  async #incarnation(id: string, path: string): Promise<number | undefined> {
    const before = this.#world.reads.before(id, path)
    const row = await this.#ask((store) => store.element(id, path))
    if (row === 'lost') return undefined
    before.check(row, this.#process.name)
    return row?.incarnation
  }

  /** Reads; a hub that is not available answers nothing. */
  async #ask<Result>(read: (store: Store) => Promise<Result>): Promise<Result | 'lost'> {
    try {
      return await this.#process.call(() => read(this.#store))
    } catch (error) {
      if (isLost(error)) return 'lost'
      throw error
    }
  }

  /** @returns the error; undefined if it was acknowledged */
  async #commit(changesOf: (tag: number) => readonly Change[], key?: string): Promise<unknown> {
    const { model, reads } = this.#world
    const tag = this.#world.nextTag++
    const attempt: Attempt = {
      tag,
      sender: this.#name,
      changes: changesOf(tag),
      outcome: 'unknown',
      ...(key !== undefined && { key })
    }
    model.attempts.set(tag, attempt)
    reads.sent(attempt)
    const { scheduler } = this.#world
    const what = attempt.changes.map(
      (change) => `${change.change} ${'id' in change ? change.id : 'submodel' in change ? change.submodel : ''}`
    )
    scheduler.note(`${this.#name} sends ${tag} to ${this.#process.name}: ${what.join(', ')}`)
    try {
      const { seq } = await this.#process.call(() => this.#store.commit(attempt.changes))
      attempt.outcome = { seq }
      scheduler.note(`${tag} is commit ${seq}`)
      this.#checkLogged(attempt, seq)
      reads.acknowledged(attempt, seq)
      return undefined
    } catch (error) {
      scheduler.note(`${tag} fails: ${(error as Error).name}`)
      if (isLost(error)) return error
      if (!(error instanceof HubError)) throw error
      attempt.outcome = 'refused'
      if ([...model.log.values()].includes(tag)) throw new Violation(`${tag} was refused, but is in the log`)
      return error
    }
  }

  /** The log may have been read further already. */
  #checkLogged({ tag }: Attempt, seq: number): void {
    const { model } = this.#world
    if (seq <= model.last && model.log.get(seq) !== tag)
      throw new Violation(`${tag} was acknowledged as ${seq}, which the log says is ${model.log.get(seq)}`)
  }
}

/** Nothing is known of what was asked. */
function isLost(error: unknown): boolean {
  return error instanceof ConnectionLost || (error instanceof HubError && error.name === 'Unavailable')
}

function jsonOf(tag: number): string {
  return JSON.stringify({ value: String(tag) })
}

function bodyOf(id: string, tag: number) {
  return submodel(id, property('p', String(tag)), property('q', String(tag)), property('s'))
}
