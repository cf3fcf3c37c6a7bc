/** The thread that `repairInThread` starts. */
import { Readable, Transform } from 'node:stream'
import { parentPort } from 'node:worker_threads'
import type { ConceptDescription } from '../../../model/types.ts'
import { type RemoteSources, serveTasks, type Task } from '../../../threads/serve-tasks.ts'
import { shippedProfile } from '../load-profile.ts'
import type { RepairChange } from './draft.ts'
import { type ListedChanges, MAX_CHANGES_PER_RULE, type RepairJob } from './repair-thread.ts'
import { writeRepaired } from './write-repaired.ts'

const repair: Task<RepairJob> = async ({ from, to, profile, ...how }, { sources }) => {
  const changes = await writeRepaired(from, to, {
    ...how,
    profile: shippedProfile(profile),
    dictionary: (id) => sources.ask<ConceptDescription | undefined>('concept', id),
    through: counted(sources)
  })
  return { head: listed(changes), bytes: Readable.from([]) }
}

/** Counts bytes before they are written. */
function counted({ ask }: RemoteSources): Transform {
  return new Transform({
    transform(part: Buffer, _encoding, done) {
      ask('room', part.length).then(() => done(null, part), done)
    }
  })
}

function listed(changes: readonly RepairChange[]): ListedChanges {
  const counts = new Map<string, number>()
  const kept = changes.filter(({ rule }) => {
    const count = (counts.get(rule) ?? 0) + 1
    counts.set(rule, count)
    return count <= MAX_CHANGES_PER_RULE
  })
  return { count: changes.length, changes: kept }
}

if (parentPort !== null) serveTasks(parentPort, { repair: async () => repair })
