/** Compares what a hub shows with the model. */
import type { DocumentHead } from '../../src/store/store.ts'
import { type ModelRow, Violation } from './model.ts'
import { ask, type RunningHub, type World } from './world.ts'

const ENTRIES_PER_READ = 50

/** Reads the log on to its end. */
async function readOn(world: World, hub: RunningHub): Promise<void> {
  const { model } = world
  for (;;) {
    const after = model.last
    const { entries, gap } = await ask(world, hub, (store) => store.log(after, ENTRIES_PER_READ))
    // Another reader was quicker.
    if (model.last !== after) continue
    if (gap) throw new Violation(`The log has a gap after ${after}, although it is not trimmed`)
    if (entries.length === 0) return
    for (const entry of entries) model.apply(entry)
  }
}

/** Everything that a hub shows while no client writes. */
export async function verify(world: World, hub: RunningHub): Promise<void> {
  const { model, reads } = world
  await readOn(world, hub)
  for (const { tag, outcome } of model.attempts.values()) {
    if (typeof outcome === 'object' && model.log.get(outcome.seq) !== tag)
      throw new Violation(`${tag} was acknowledged as ${outcome.seq}, but is not in the log`)
  }
  reads.compare(model.log, model.last)
  for (const [key, seq] of model.keys) {
    const found = await ask(world, hub, (store) => store.commitOfKey(key))
    if (found !== seq && seq > model.trimmed) throw new Violation(`The key ${key} is of ${seq}, not ${found}`)
  }
  await compareDocuments(world, hub)
  const figures = await ask(world, hub, (store) => store.figures())
  const elements = [...model.documents.values()].reduce((sum, rows) => sum + rows.size, 0)
  equal('documents', figures.documents.Submodel ?? 0, model.documents.size)
  equal('elements', figures.elements, elements)
  equal('last entry', figures.logLast, model.last)
}

async function compareDocuments(world: World, hub: RunningHub): Promise<void> {
  const { model } = world
  const page = await ask(world, hub, (store) => store.documents('Submodel', [], { limit: 100 }))
  equal(
    'ids',
    page.items
      .map(({ id }) => id)
      .sort()
      .join(),
    [...model.documents.keys()].sort().join()
  )
  for (const document of page.items) {
    const rows = model.documents.get(document.id) ?? new Map<string, ModelRow>()
    const { submodelElements = [] } = JSON.parse(document.bytes.toString()) as {
      submodelElements?: { idShort: string; value?: string }[]
    }
    for (const { idShort, value } of submodelElements) {
      const known = rows.get(idShort)
      equal(`${document.id}/${idShort}`, value, known?.value)
      const row = await ask(world, hub, (store) => store.element(document.id, idShort))
      equal(`element ${document.id}/${idShort}`, JSON.parse(row?.value ?? '{}').value, known?.value)
      equal(`revision of ${document.id}/${idShort}`, row?.revision, known?.revision)
      compareRevision(document, known)
    }
  }
}

function compareRevision({ id, revision }: DocumentHead, row: ModelRow | undefined): void {
  if (row !== undefined && revision < row.revision)
    throw new Violation(`${id} has revision ${revision}, but an element of it ${row.revision}`)
}

function equal(what: string, found: unknown, wanted: unknown): void {
  if (found !== wanted) throw new Violation(`${what}: ${String(found)}, not ${String(wanted)}`)
}
