/** Replays batches of the log on cached or loaded states. Every process does so with batches that it did not write. */
import { type Batch, datedCommitOf } from './batch.ts'
import type { ControlRecord } from './batch-content.ts'
import { keysReadBy } from './change-keys.ts'
import { replayCommit } from './changes.ts'
import { keyOf, type SeriesState, type StateKey } from './keys.ts'
import type { Overlay } from './overlay.ts'
import { applySeriesChange } from './series-state.ts'

/** Applies what a batch did to the wanted states. */
export function replayBatch(overlay: Overlay, batch: Batch, isWanted: (key: StateKey) => boolean): void {
  const { commits, controls } = batch.content
  for (const [index, commit] of commits.entries()) replayCommit(overlay, commit, datedCommitOf(batch, index), isWanted)
  for (const control of controls) replayControl(overlay, control, isWanted)
}

/** Every state that a batch changes. */
export function* keysWritten({ content, rest }: Batch): Generator<StateKey> {
  if (rest !== undefined) yield* rest.keys
  for (const { changes, notes } of content.commits) {
    for (const change of changes) {
      const [key] = keysReadBy(change)
      if (key !== undefined) yield key
    }
    for (const { blobs = [] } of notes) for (const [blob] of blobs) yield keyOf.blob(blob)
  }
  for (const control of content.controls) {
    if (control.control === 'blob' || control.control === 'doom') yield keyOf.blob(control.blob)
    if (control.control === 'chunks') for (const series of control.series) yield keyOf.series(series)
  }
}

function replayControl(overlay: Overlay, control: ControlRecord, isWanted: (key: StateKey) => boolean): void {
  if (control.control === 'blob' || control.control === 'doom') {
    const key = keyOf.blob(control.blob)
    if (!isWanted(key)) return
    if (control.control === 'doom') overlay.setOtherState(key, null)
    else {
      const { size, hash, at } = control
      overlay.setOtherState(key, { size, hash, refs: 0, at })
    }
  } else if (control.control === 'chunks') {
    for (const series of control.series) {
      const key = keyOf.series(series)
      if (!isWanted(key)) continue
      const before = (overlay.otherState(key) ?? { ...series, chunks: [] }) as SeriesState
      overlay.setOtherState(key, applySeriesChange(before, series))
    }
  }
}
