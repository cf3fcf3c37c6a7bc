/** The thread that `checkReceived` starts. */
import { Readable } from 'node:stream'
import { parentPort } from 'node:worker_threads'
import { type Templates, templatesFrom } from '../../formats/templates/templates.ts'
import { type RemoteSources, serveTasks, type Task } from '../../threads/serve-tasks.ts'
import { type CheckJob, checkInspected, type TemplateIds } from './check-thread.ts'
import type { InspectedFile } from './checks/inspected-file.ts'
import { shippedProfile } from './load-profile.ts'
import { withInspectedFile } from './open-file.ts'

const check: Task<CheckJob> = async ({ path, sent, profile, language }, { sources, signal }) => {
  const head = await withInspectedFile(path, sent, async (file) => {
    const known = await templatesOf(file, sources)
    return checkInspected(file, shippedProfile(profile), language, { templates: { known }, signal })
  })
  return { head, bytes: Readable.from([]) }
}

/** Submodels that are asked for together. */
const IDS_PER_QUESTION = 100

async function templatesOf(file: InspectedFile, { ask }: RemoteSources): Promise<Templates> {
  const ids = idsOf(file)
  const applicable = new Set<number>()
  for (let at = 0; at < ids.length; at += IDS_PER_QUESTION) {
    const indexes = await ask<readonly number[]>('applicable', ids.slice(at, at + IDS_PER_QUESTION))
    for (const index of indexes) applicable.add(index)
  }
  return templatesFrom(await ask('schemas', [...applicable]))
}

/** What its submodels say of their templates; the same only once. */
function idsOf({ submodels }: InspectedFile): readonly TemplateIds[] {
  const found = new Map<string, TemplateIds>()
  for (const { document } of submodels) {
    const { semanticId, supplementalSemanticIds } = document
    const ids = { ...(semanticId && { semanticId }), ...(supplementalSemanticIds && { supplementalSemanticIds }) }
    found.set(JSON.stringify(ids), ids)
  }
  return [...found.values()]
}

if (parentPort !== null) serveTasks(parentPort, { check: async () => check })
