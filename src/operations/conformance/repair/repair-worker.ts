/** The thread that `repairInThread` starts. */
import { Transform } from 'node:stream'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { HubError } from '../../../errors.ts'
import { shippedProfile } from '../load-profile.ts'
import type { RepairChange } from './draft.ts'
import {
  type ListedChanges,
  MAX_CHANGES_PER_RULE,
  type RepairJob,
  received,
  sent,
  type ThreadAnswer,
  type ThreadMessage,
  type ThreadQuestion
} from './repair-thread.ts'
import { writeRepaired } from './write-repaired.ts'

const main = parentPort as MessagePort
const say = (message: ThreadMessage) => main.postMessage(message)

const waiting = new Map<number, PromiseWithResolvers<ThreadAnswer>>()
main.on('message', (answer: ThreadAnswer) => {
  const question = waiting.get(answer.number)
  waiting.delete(answer.number)
  if (answer.refusal === undefined) question?.resolve(answer)
  else question?.reject(received(answer.refusal))
})

let questions = 0
function ask(question: ThreadQuestion): Promise<ThreadAnswer> {
  const number = questions++
  const asked = Promise.withResolvers<ThreadAnswer>()
  waiting.set(number, asked)
  say({ is: 'question', number, question })
  return asked.promise
}

/** Counts bytes before they are written. */
function counted(): Transform {
  return new Transform({
    transform(part: Buffer, _encoding, done) {
      ask({ is: 'room', bytes: part.length }).then(() => done(null, part), done)
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

const { from, to, profile, ...how } = workerData as RepairJob
try {
  const changes = await writeRepaired(from, to, {
    ...how,
    profile: shippedProfile(profile),
    dictionary: async (id) => (await ask({ is: 'concept', id })).concept,
    through: counted()
  })
  say({ is: 'done', result: listed(changes) })
} catch (error) {
  if (error instanceof HubError) say({ is: 'refused', refusal: sent(error) })
  else say({ is: 'failed', message: (error as Error).stack ?? String(error) })
}
