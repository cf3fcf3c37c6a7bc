/** What it costs a gateway to push with an API key. */
import type { WebSocket } from 'ws'
import { FORTY, type GuardedHub, guarded } from './guarded-hub.ts'
import { race, wanted } from './measure.ts'
import { FRAME, readings } from './raw-baselines.ts'
import { connect, pushFor } from './sockets.ts'

/** @param folder creates a folder for data */
export async function pushesByKey(folder: (name: string) => Promise<string>): Promise<void> {
  if (!wanted('access-columns')) return
  const hubs = [
    await guarded(await folder('pushes-key'), 'gateway', { TEMPLATES: 'off' }),
    await guarded(await folder('pushes-open'), undefined, { TEMPLATES: 'off' })
  ] as const
  const [ours, theirs] = [await socketsTo(hubs[0], hubs[0].key), await socketsTo(hubs[1])]
  const bodies = Array.from({ length: 20 }, (_, seed) => JSON.stringify(readings(FRAME, seed)))
  let next = 0
  const frame = (connection: number) => {
    const number = next++
    return `{"type":"push","id":${number},"submodel":"${FORTY}","path":"Value${connection}","start":${1_764_000_000_000 + number * 100_000},"step":100,"values":${bodies[number % bodies.length]}}`
  }
  await race({
    title: 'columnar frames of 1,000 samples by an API key, with audit, 4 connections; baseline: open hub',
    goal: 0.9,
    unit: ' samples',
    ours: (seconds) => pushFor(ours, seconds, 24, FRAME, frame),
    theirs: (seconds) => pushFor(theirs, seconds, 24, FRAME, frame)
  })
  for (const socket of [...ours, ...theirs]) socket.terminate()
  await Promise.all(hubs.map(({ server }) => server.stop()))
}

function socketsTo({ server }: GuardedHub, key?: string): Promise<WebSocket[]> {
  return Promise.all(Array.from({ length: 4 }, () => connect(server, '/stream', key)))
}
