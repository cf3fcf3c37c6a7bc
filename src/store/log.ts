/** What the log tells of a commit: derived from its changes alone, so that every store tells the same. */
import { fromMilliseconds } from '../model/time.ts'
import type { Change, Commit, LoggedChange } from './store.ts'

/** @param commit as which the changes became durable */
export function toldOf(changes: readonly Change[], { time }: Pick<Commit, 'time'>): LoggedChange[] {
  const told: LoggedChange[] = []
  for (const change of changes) {
    const entry = one(change, time)
    // Files usually come with a change of their document, which is told already.
    if (entry !== undefined && !(isFileChange(change) && told.some((other) => concernsSame(other, entry))))
      told.push(entry)
  }
  return told
}

function one(change: Change, time: number): LoggedChange | undefined {
  switch (change.change) {
    case 'create':
      return { change: 'created', kind: change.kind, id: change.id }
    case 'replace': {
      const { kind, id, touched } = change
      return touched === undefined ? { change: 'updated', kind, id } : { change: 'updated', kind, id, touched }
    }
    case 'delete':
      return { change: 'deleted', kind: change.kind, id: change.id }
    case 'attach':
    case 'detach':
      return { change: 'updated', kind: change.kind, id: change.id, touched: [] }
    case 'value': {
      const { submodel, path, value, quality, sourceTime = fromMilliseconds(time) } = change
      const told = { change: 'value', submodel, path, value, sourceTime } as const
      return quality === undefined ? told : { ...told, quality }
    }
    case 'samples': {
      const { submodel, path, count, from, to, run } = change
      return { change: 'samples', submodel, path, count, from, to, run }
    }
    case 'once':
      return undefined
  }
}

function isFileChange({ change }: Change): boolean {
  return change === 'attach' || change === 'detach'
}

function concernsSame(one: LoggedChange, other: LoggedChange): boolean {
  return 'id' in one && 'id' in other && one.kind === other.kind && one.id === other.id
}
