/** A thread of a pool with tasks that do what tests need. */
import { parentPort } from 'node:worker_threads'
import { HubError } from '../../src/errors.ts'
import { PART_BYTES } from '../../src/threads/parts.ts'
import { serveTasks, type Task } from '../../src/threads/serve-tasks.ts'

const count: Task<{ to: number }> = async ({ to }, { sources }) => ({
  head: await sources.ask('greet', to),
  bytes: (async function* () {
    for await (const item of sources.iterate<number>('numbers', to)) yield `${item},`
  })()
})

const flood: Task<null> = async (_, { sources }) => ({
  bytes: (async function* () {
    try {
      for (let part = 0; ; part++) {
        await sources.ask('made', part)
        yield new Uint8Array(PART_BYTES).fill(part)
      }
    } finally {
      await sources.ask('made', -1).catch(() => {})
    }
  })()
})

const first: Task<{ to: number }> = async ({ to }, { sources }) => ({
  bytes: (async function* () {
    for await (const item of sources.iterate<number>('numbers', to)) {
      yield `${item}`
      break
    }
    await sources.ask('left')
  })()
})

const refuse: Task<null> = async () => {
  throw new HubError('Invalid', [1], [{ pointer: '/a', rule: 'r', text: 'wrong' }])
}

const refuseLate: Task<null> = async () => ({
  head: 'begun',
  bytes: (async function* () {
    yield 'some'
    throw new HubError('Conflict', ['late'])
  })()
})

const die: Task<null> = async () => process.exit(3)

const fill: Task<null> = async () => {
  const held: number[][] = []
  for (;;) held.push(new Array(1_000_000).fill(Math.random()))
}

if (parentPort !== null) {
  serveTasks(parentPort, {
    count: async () => count,
    first: async () => first,
    flood: async () => flood,
    refuse: async () => refuse,
    refuseLate: async () => refuseLate,
    die: async () => die,
    fill: async () => fill
  })
}
