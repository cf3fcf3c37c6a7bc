/** Clients: each sends commits and reads, several at a time, and notes what it learns of them. */
import { Readable } from 'node:stream'
import { HubError } from '../../src/errors.ts'
import { encodeRun } from '../../src/store/run-codec.ts'
import type { Change, Store } from '../../src/store/store.ts'
import { create, property, replace, submodel } from '../store/fixtures.ts'
import { type Attempt, Violation } from './model.ts'
import { ConnectionLost, START_MS } from './process.ts'
import type { Random } from './random.ts'
import { type RunningHub, someHub, type World } from './world.ts'

const SUBMODELS = ['s0', 's1', 's2', 's3']

/** Samples are of this time on, in nanoseconds: early enough for every clock that is set back. */
const SAMPLES_FROM = BigInt(START_MS - 30 * 24 * 3_600_000) * 1_000_000n

/** Creates the submodel of each client: what it writes there shows which commit changed a structure. */
export async function createOwn(world: World, names: readonly string[]): Promise<void> {
  const { model, backend, scheduler } = world
  const [hub] = backend.hubs
  if (hub?.current === undefined) throw new Error('No hub is up')
  const { process, store } = hub.current
  const tag = world.nextTag++
  const ids = [...names.map((name) => `c-${name}`), ...SUBMODELS.slice(1)]
  const changes = ids.map((id) => create(bodyOf(id, tag)))
  // Other writes of the hub may take up a short queue.
  const isFull = (error: unknown) => error instanceof HubError && error.name === 'TooManyRequests'
  for (;;) {
    const outcome = await process
      .call(() => store.commit(changes))
      .catch((error) => {
        if (!isFull(error)) throw error
      })
    if (outcome !== undefined) {
      model.attempts.set(tag, { tag, sender: 'setup', changes, outcome })
      return
    }
    await scheduler.sleep(1, 'setup tries again')
  }
}

/** A name for each client, and how many operations it does. */
export async function runClient(world: World, name: string, operations: number, random: Random): Promise<void> {
  const own = `c-${name}`
  for (let done = 0; done < operations; done++) {
    const hub = await someHub(world, random)
    await new Client(world, name, own, hub, random).act()
    if (random.chance(0.3)) await world.scheduler.sleep(random.duration(5), `${name} pauses`)
  }
}

class Client {
  readonly #world: World
  readonly #name: string
  readonly #own: string
  readonly #hub: RunningHub
  readonly #random: Random

  constructor(world: World, name: string, own: string, hub: RunningHub, random: Random) {
    this.#world = world
    this.#name = name
    this.#own = own
    this.#hub = hub
    this.#random = random
  }

  async act(): Promise<void> {
    const random = this.#random
    const id = random.pick(SUBMODELS)
    switch (random.below(14)) {
      case 0:
        return this.#structure(id)
      case 1:
        return this.#samples(id)
      case 2:
      case 12:
        return this.#push(id)
      case 13:
        return this.#attach(id)
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
    await this.#commit((tag) => [samplesOf(id, tag, this.#drawTimes(tag), incarnation)])
  }

  /** Samples with a key through ingest, sent again until they are known to be stored. */
  async #push(id: string): Promise<void> {
    const { model, nextTag: tag, reads, scheduler } = this.#world
    this.#world.nextTag++
    const times = this.#drawTimes(tag)
    const attempt: Attempt = {
      tag,
      sender: `${this.#name} pushes`,
      changes: [samplesOf(id, tag, times, 0)],
      outcome: 'unknown'
    }
    model.attempts.set(tag, attempt)
    scheduler.note(`${this.#name} pushes ${tag} to ${id}`)
    for (let tries = 0; tries < 10; tries++) {
      const { process, services } = tries === 0 ? this.#hub : await someHub(this.#world, this.#random)
      try {
        const receipt = await process.call(() => {
          const batch = services.ingest.batch()
          for (let at = times.from; at <= times.to; at += 1n) batch.add(id, 's', at, tag)
          return services.ingest.push(batch, { key: { key: String(tag), scope: this.#name } })
        })
        attempt.outcome = { seq: receipt.seq }
        scheduler.note(`${tag} is commit ${receipt.seq}${receipt.repeated ? ', since an earlier attempt' : ''}`)
        this.#checkLogged(attempt, receipt.seq)
        reads.acknowledged(attempt, receipt.seq)
        return
      } catch (error) {
        scheduler.note(`${tag} fails: ${(error as Error).name}`)
        if (!isLost(error) && !(error instanceof HubError)) throw error
        // The element is not there: so the batch was not stored by an earlier attempt, or what it wrote is gone.
        if (error instanceof HubError && error.name === 'Invalid') return
        await scheduler.sleep(this.#random.duration(20), `${this.#name} tries again`)
      }
    }
  }

  /** Nanoseconds of some samples; in a history that is thinned no time comes twice. */
  #drawTimes(tag: number): { readonly from: bigint; readonly to: bigint } {
    const count = 2 + this.#random.below(5)
    const place = this.#world.plan.bucket === 0n ? this.#random.below(10_000) : 8 * (tag % 2 === 0 ? tag : 50_000 - tag)
    const from = SAMPLES_FROM + BigInt(place)
    return { from, to: from + BigInt(count - 1) }
  }

  /** A file, whose content is the tag. */
  async #attach(id: string): Promise<void> {
    const mark = await this.#incarnation(this.#own, 'p')
    if (mark === undefined) return
    const tag = this.#world.nextTag++
    const received = await this.#ask((store) => store.receive(Readable.from([Buffer.from(fileOf(tag))]), 1000)).catch(
      refused
    )
    if (received === 'lost') return
    const file = { name: this.#random.pick(['f', 'g']), contentType: 'text/plain', fileName: 'f', ...received }
    await this.#commit(
      (now) => [...this.#mark(mark, now), { change: 'attach', kind: 'Submodel', id, files: [file] }],
      undefined,
      tag
    )
  }

  #mark(incarnation: number, tag: number): Change[] {
    const audit = this.#random.chance(0.5) ? [{ change: 'audit', record: JSON.stringify({ tag }) } as const] : []
    return [{ change: 'value', submodel: this.#own, path: 'p', incarnation, value: jsonOf(tag) }, ...audit]
  }

  /** A batch with a key, sent again until it is known to be stored. */
  async #keyed(id: string): Promise<void> {
    const key = `${this.#name}-${this.#world.nextTag}`
    for (let tries = 0; tries < 20; tries++) {
      const hub = tries === 0 ? this.#hub : await someHub(this.#world, this.#random)
      const client = new Client(this.#world, this.#name, this.#own, hub, this.#random)
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
    const kind = row === undefined ? 'create' : this.#random.pick(['whole', 'part', 'part', 'delete'])
    await this.#commit((tag) => [...this.#mark(mark, tag), this.#documentChange(kind, id, tag)])
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
    if (row !== 'lost') before.check(row, this.#hub.process.name)
  }

  async #incarnation(id: string, path: string): Promise<number | undefined> {
    const before = this.#world.reads.before(id, path)
    const row = await this.#ask((store) => store.element(id, path))
    if (row === 'lost') return undefined
    before.check(row, this.#hub.process.name)
    return row?.incarnation
  }

  /** Reads; a hub that is not available answers nothing. */
  async #ask<Result>(read: (store: Store) => Promise<Result>): Promise<Result | 'lost'> {
    try {
      return await this.#hub.process.call(() => read(this.#hub.store))
    } catch (error) {
      if (isLost(error)) return 'lost'
      throw error
    }
  }

  /** @returns the error; undefined if it was acknowledged */
  async #commit(
    changesOf: (tag: number) => readonly Change[],
    key?: string,
    tag = this.#world.nextTag++
  ): Promise<unknown> {
    const { model, reads } = this.#world
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
    scheduler.note(`${this.#name} sends ${tag} to ${this.#hub.process.name}: ${what.join(', ')}`)
    try {
      const { seq } = await this.#hub.process.call(() => this.#hub.store.commit(attempt.changes))
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

/** The content of the file that a commit attaches. */
export function fileOf(tag: number | string): string {
  return `file ${tag}`
}

/** A file is not stored if the disk is full: nothing follows. */
function refused(error: unknown): 'lost' {
  if (error instanceof HubError) return 'lost'
  throw error
}

function samplesOf(submodel: string, tag: number, { from, to }: { from: bigint; to: bigint }, incarnation: number) {
  const count = Number(to - from) + 1
  const offsets = Float64Array.from({ length: count }, (_, at) => at)
  const run = encodeRun({
    base: from,
    offsets,
    form: 'number',
    values: new Float64Array(count).fill(tag),
    quality: undefined
  })
  return { change: 'samples', submodel, path: 's', incarnation, run, count, from, to, value: jsonOf(tag) } as const
}

function jsonOf(tag: number): string {
  return JSON.stringify({ value: String(tag) })
}

function bodyOf(id: string, tag: number) {
  return submodel(id, property('p', String(tag)), property('q', String(tag)), property('s'))
}
