/** Compares what a hub shows with the model. */
import { text } from 'node:stream/consumers'
import { lengthOf, type Run, textAt, timeAt } from '../../src/model/samples.ts'
import { condensedAt } from '../../src/model/statistics.ts'
import { EARLIEST, LATEST } from '../../src/operations/history/history.ts'
import { ChainVerifier } from '../../src/store/audit-chain.ts'
import type { Document } from '../../src/store/store.ts'
import { fileOf } from './clients.ts'
import { type ModelRow, Violation } from './model.ts'
import { ask, type RunningHub, type World } from './world.ts'

const ENTRIES_PER_READ = 50

/** How long those who follow the log may take to reach its end, in simulated milliseconds. */
const MAX_LAG_MS = 120_000

/** After which the lease of the history has expired. */
const LEASE_MS = 30_000

/** Everything that a hub shows while no client writes. */
export async function verify(world: World, hub: RunningHub): Promise<void> {
  const { model, reads } = world
  await readOn(world, hub)
  for (const { tag, outcome } of model.attempts.values()) {
    if (typeof outcome === 'object' && model.log.get(outcome.seq) !== tag)
      throw new Violation(`${tag} was acknowledged as ${outcome.seq}, but is not in the log`)
  }
  reads.compare(model.log, model.last)
  await compareLog(world, hub)
  await compareDocuments(world, hub)
  await compareAudit(world, hub)
  for (const [name, samples] of model.samples) await compareHistoryInTime(world, hub, name, samples)
  await awaitReaders(world)
  if (world.problem !== undefined) throw world.problem
}

/** Reads the log on to its end. */
async function readOn(world: World, hub: RunningHub): Promise<void> {
  const { model } = world
  for (;;) {
    const after = model.last
    const { entries, gap } = await ask(world, hub, ({ store }) => store.log(after, ENTRIES_PER_READ))
    // Another reader was quicker.
    if (model.last !== after) continue
    if (gap) throw new Violation(`The log has a gap after ${after}, although it is not trimmed`)
    if (entries.length === 0) return
    for (const entry of entries) model.apply(entry)
  }
}

/** What is left of the log is as it was when it was read first, and the keys are those of its commits. */
async function compareLog(world: World, hub: RunningHub): Promise<void> {
  const { model } = world
  const firstOfLog = async () => (await ask(world, hub, ({ store }) => store.figures())).logFirst
  let last = (await firstOfLog()) - 1
  for (;;) {
    const after = last
    const { entries, gap } = await ask(world, hub, ({ store }) => store.log(after, ENTRIES_PER_READ))
    for (const entry of entries) model.compare(entry)
    // What is trimmed while it is read cannot be read.
    if (gap) last = Math.max(last, (await firstOfLog()) - 1)
    else if (entries.length === 0) break
    else last = entries.at(-1)?.seq ?? last
  }
  equal('last entry', last, model.last)
  const found = new Map<string, number | undefined>()
  for (const key of model.keys.keys()) found.set(key, await ask(world, hub, ({ store }) => store.commitOfKey(key)))
  const figures = await ask(world, hub, ({ store }) => store.figures())
  for (const [key, seq] of model.keys)
    if (seq >= figures.logFirst) equal(`commit of the key ${key}`, found.get(key), seq)
  equal('documents', figures.documents.Submodel ?? 0, model.documents.size)
  equal(
    'elements',
    figures.elements,
    [...model.documents.values()].reduce((sum, rows) => sum + rows.size, 0)
  )
}

async function compareDocuments(world: World, hub: RunningHub): Promise<void> {
  const { model } = world
  const page = await ask(world, hub, ({ store }) => store.documents('Submodel', [], { limit: 100 }))
  equal(
    'ids',
    page.items
      .map(({ id }) => id)
      .sort()
      .join(),
    [...model.documents.keys()].sort().join()
  )
  for (const document of page.items) {
    await compareElements(world, hub, document, model.documents.get(document.id) ?? new Map<string, ModelRow>())
    await compareFiles(world, hub, document.id)
  }
}

async function compareElements(
  world: World,
  hub: RunningHub,
  { id, bytes, revision }: Document,
  rows: ReadonlyMap<string, ModelRow>
): Promise<void> {
  const { submodelElements = [] } = JSON.parse(bytes.toString()) as {
    submodelElements?: { idShort: string; value?: string }[]
  }
  for (const { idShort, value } of submodelElements) {
    const known = rows.get(idShort)
    equal(`${id}/${idShort}`, value, known?.value)
    const row = await ask(world, hub, ({ store }) => store.element(id, idShort))
    equal(`element ${id}/${idShort}`, JSON.parse(row?.value ?? '{}').value, known?.value)
    equal(`revision of ${id}/${idShort}`, row?.revision, known?.revision)
    if (revision < (known?.revision ?? 0)) throw new Violation(`${id} has revision ${revision}, an element a later one`)
  }
}

async function compareFiles(world: World, hub: RunningHub, id: string): Promise<void> {
  const known = world.model.files.get(id) ?? new Map<string, string>()
  const files = await ask(world, hub, ({ store }) => store.files('Submodel', id))
  equal(`files of ${id}`, files.map(({ name }) => name).join(), [...known.keys()].sort().join())
  for (const file of files) {
    const content = await ask(world, hub, ({ store }) => text(store.open(file)))
    equal(`file ${file.name} of ${id}`, content, fileOf(known.get(file.name) ?? ''))
  }
}

async function compareAudit(world: World, hub: RunningHub): Promise<void> {
  const entries = await ask(world, hub, ({ store }) => store.audit(0, 10_000))
  equal('audit', entries.map(({ record }) => record).join(), world.model.audit.join())
  const verifier = new ChainVerifier()
  for (const entry of entries) equal('audit chain', verifier.add(entry), undefined)
  equal('end of the audit', verifier.end(), undefined)
}

interface Bucket {
  count: number
  sum: number
  min: number
  max: number
}

/**
 * Samples that are thinned as soon as they come, since they are old already, are counted twice by a hub until it learns
 * that they are in chunks: at the interval of the history, or when the lease of a hub that crashed has expired.
 */
async function compareHistoryInTime(world: World, hub: RunningHub, name: string, samples: ReadonlyMap<bigint, string>) {
  const { bucket, historyMs } = world.plan
  for (let tries = bucket > 0n ? 5 : 1; ; tries--) {
    try {
      return await compareHistory(world, hub, name, samples)
    } catch (error) {
      if (!(error instanceof Violation) || tries === 1) throw error
      await world.scheduler.sleep(historyMs + LEASE_MS / 3, 'waits for the history')
    }
  }
}

/** The history is the samples, or what thinning makes of them. */
async function compareHistory(world: World, hub: RunningHub, name: string, samples: ReadonlyMap<bigint, string>) {
  const { bucket } = world.plan
  const [submodel = '', path = ''] = name.split('/')
  const runs = await ask(world, hub, async ({ services }) => {
    const found: Run[] = []
    for await (const run of services.history.read({ submodel, path }, EARLIEST, LATEST)) found.push(run)
    return found
  })
  // Only the times of samples are old enough.
  if (bucket > 0n && path === 's') return compareBuckets(name, runs, samples, bucket)
  const found = runs.flatMap((run) =>
    Array.from({ length: lengthOf(run) }, (_, at) => `${timeAt(run, at)}=${textAt(run, at)}`)
  )
  const wanted = [...samples]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([time, value]) => `${time}=${value}`)
  equal(`history of ${name}`, found.join(' '), wanted.join(' '))
}

/** However much of it is thinned already, each bucket has the statistics of its samples. */
function compareBuckets(name: string, runs: readonly Run[], samples: ReadonlyMap<bigint, string>, width: bigint): void {
  const [found, wanted] = [new Map<bigint, Bucket>(), new Map<bigint, Bucket>()]
  for (const run of runs) {
    for (let at = 0; at < lengthOf(run); at++) {
      const value = Number(textAt(run, at))
      const { count = 1, sum = value, min = value, max = value } = condensedAt(run, at) ?? {}
      add(found, timeAt(run, at) / width, { count, sum: Number(sum), min: Number(min), max: Number(max) })
    }
  }
  for (const [time, text] of samples) {
    const value = Number(text)
    add(wanted, time / width, { count: 1, sum: value, min: value, max: value })
  }
  const shown = (buckets: Map<bigint, Bucket>) =>
    [...buckets]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([start, { count, sum, min, max }]) => [start, count, sum, min, max].join(' '))
      .join(', ')
  equal(`buckets of ${name}`, shown(found), shown(wanted))
}

function add(buckets: Map<bigint, Bucket>, start: bigint, { count, sum, min, max }: Bucket): void {
  const known = buckets.get(start)
  buckets.set(start, {
    count: count + (known?.count ?? 0),
    sum: sum + (known?.sum ?? 0),
    min: Math.min(min, known?.min ?? min),
    max: Math.max(max, known?.max ?? max)
  })
}

/** All who follow the log reach its end. */
async function awaitReaders({ model, scheduler, consumer, subscribers }: World): Promise<void> {
  for (let waited = 0; ; waited += 100) {
    const late = [consumer, ...subscribers].filter(({ reached }) => reached !== undefined && reached !== model.last)
    if (late.length === 0) return
    const [first] = late
    if (waited > MAX_LAG_MS) throw new Violation(`What follows the log is at ${first?.reached}, not at ${model.last}`)
    if (first?.reached !== undefined && first.reached > model.last)
      throw new Violation(`What follows the log is at ${first.reached}, but the log ends at ${model.last}`)
    await scheduler.sleep(100, 'waits for those who follow')
  }
}

function equal(what: string, found: unknown, wanted: unknown): void {
  if (found !== wanted) throw new Violation(`${what}: ${String(found)}, not ${String(wanted)}`)
}
