/** What the log tells of a commit: derived from its changes alone, so that every store tells the same. */
import { type DatedCommit, defaultSourceTime } from './current-value.ts'
import type { Change, LoggedChange } from './store.ts'

type Dated = Pick<DatedCommit, 'seq' | 'clock'>

export function toLoggedChanges(changes: readonly Change[], commit: Dated): LoggedChange[] {
  const told: LoggedChange[] = []
  for (const change of changes) {
    const entry = one(change, commit)
    // Files usually come with a change of their document, which is told already.
    if (entry !== undefined && !(isFileChange(change) && told.some((other) => concernsSame(other, entry))))
      told.push(entry)
  }
  return told
}

function one(change: Change, commit: Dated): LoggedChange | undefined {
  switch (change.change) {
    case 'create':
      return { change: 'created', kind: change.kind, id: change.id }
    case 'replace': {
      const { kind, id, touched, subtreeAction } = change
      if (touched === undefined) return { change: 'updated', kind, id }
      return { change: 'updated', kind, id, touched, ...(subtreeAction !== undefined && { subtreeAction }) }
    }
    case 'delete':
      return { change: 'deleted', kind: change.kind, id: change.id }
    case 'attach':
    case 'detach':
      return { change: 'updated', kind: change.kind, id: change.id, touched: [] }
    case 'value': {
      const { submodel, path, value, quality, sourceTime = defaultSourceTime(commit) } = change
      const told = { change: 'value', submodel, path, value, sourceTime } as const
      return quality === undefined ? told : { ...told, quality }
    }
    case 'samples': {
      const { submodel, path, count, from, to, run } = change
      return { change: 'samples', submodel, path, count, from, to, run }
    }
    case 'idempotencyKey':
      return undefined
  }
}

function isFileChange({ change }: Change): boolean {
  return change === 'attach' || change === 'detach'
}

function concernsSame(one: LoggedChange, other: LoggedChange): boolean {
  return 'id' in one && 'id' in other && one.kind === other.kind && one.id === other.id
}
