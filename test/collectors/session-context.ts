/** A context for sessions that records what they report. */
import type { Test } from 'tap'
import { systemClock } from '../../src/clock.ts'
import { samplesOf } from '../../src/collectors/columns.ts'
import type { CollectedSample, SessionContext } from '../../src/collectors/connector.ts'

export interface RecordedContext extends SessionContext {
  readonly samples: CollectedSample[]
  readonly events: string[]
  readonly missedCycles: () => number
}

export function sessionContext(t: Test, more: Partial<SessionContext> = {}): RecordedContext {
  const ending = new AbortController()
  t.teardown(() => ending.abort())
  const samples: CollectedSample[] = []
  const events: string[] = []
  let missed = 0
  return {
    ...{ clock: systemClock, signal: ending.signal, samples, events, missedCycles: () => missed },
    async deliver(delivered) {
      samples.push(...delivered)
    },
    async deliverColumns(columns) {
      samples.push(...columns.flatMap(samplesOf))
    },
    lastGood: async () => new Map(),
    degraded: (reason) => events.push(`degraded: ${reason}`),
    recovered: () => events.push('recovered'),
    lost: (reason) => events.push(`lost: ${reason}`),
    interrupted: (reason) => events.push(`interrupted: ${reason}`),
    missed: (cycles) => {
      missed += cycles
    },
    gap: (reason) => events.push(`gap: ${reason}`),
    problem: (path, text) => events.push(`problem: ${path}: ${text}`),
    resolve: async (host) => host,
    secret: async (name) => name,
    ...more
  }
}

/** Values of the last samples, by the name of the property. */
export function lastValues({ samples }: RecordedContext): Record<string, unknown> {
  return Object.fromEntries(samples.map(({ item, value }) => [item.path.split('.').at(-1) ?? '', value]))
}
