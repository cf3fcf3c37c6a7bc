/** What is logged of a commit: derived from its changes alone, so that all stores log the same. */
import { type DatedCommit, defaultSourceTime } from './current-value.ts'
import type { Change, LoggedChange } from './store.ts'

type CommitClock = Pick<DatedCommit, 'seq' | 'clock'>

export function toLoggedChanges(changes: readonly Change[], commit: CommitClock): LoggedChange[] {
  const logged: LoggedChange[] = []
  for (const change of changes) {
    const entry = toLoggedChange(change, commit)
    // Files usually come with a change of their document, which is logged already.
    if (entry !== undefined && !(isFileChange(change) && logged.some((other) => isSameDocument(other, entry))))
      logged.push(entry)
  }
  return logged
}

function toLoggedChange(change: Change, commit: CommitClock): LoggedChange | undefined {
  switch (change.change) {
    case 'create':
      if (change.kind === 'Revision') return undefined
      return { change: 'created', kind: change.kind, id: change.id }
    case 'replace': {
      const { kind, id, touched, subtreeAction } = change
      if (touched === undefined) return { change: 'updated', kind, id }
      return { change: 'updated', kind, id, touched, ...(subtreeAction !== undefined && { subtreeAction }) }
    }
    case 'delete':
      if (change.kind === 'Revision') return undefined
      return { change: 'deleted', kind: change.kind, id: change.id }
    case 'attach':
    case 'detach':
      return { change: 'updated', kind: change.kind, id: change.id, touched: [] }
    case 'value': {
      const { submodel, path, value, quality, sourceTime = defaultSourceTime(commit) } = change
      const logged = { change: 'value', submodel, path, value, sourceTime } as const
      return quality === undefined ? logged : { ...logged, quality }
    }
    case 'samples': {
      const { submodel, path, count, from, to, run } = change
      return { change: 'samples', submodel, path, count, from, to, run }
    }
    case 'keep':
    case 'idempotencyKey':
    case 'expect':
    case 'audit':
      return undefined
  }
}

function isFileChange({ change }: Change): boolean {
  return change === 'attach' || change === 'detach'
}

function isSameDocument(one: LoggedChange, other: LoggedChange): boolean {
  return 'id' in one && 'id' in other && one.kind === other.kind && one.id === other.id
}
