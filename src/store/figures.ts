/** What a store holds, in figures. */
export interface StoreFigures {
  readonly documents: Readonly<Record<string, number>>
  readonly elements: number
  readonly logFirst: number
  readonly logLast: number
  readonly logBytes: number
  /** Series with history, the samples in their chunks, and the bytes of those chunks. */
  readonly series: number
  readonly samples: number
  readonly historyBytes: number
  /** Bytes on disk, all files together; as they were within the last second. */
  readonly bytes: number
  /** Records that this process found damaged. */
  readonly damaged: number
  /** A write failed recently because the disk is full or fails, and none has succeeded since. */
  readonly isWriteFailing: boolean
  /** What is durable in the log does not get to the rows or collections that a start reads. */
  readonly isCheckpointFailing: boolean
  /** Submodels whose rows cannot be written, as a page is damaged; their values are kept elsewhere. */
  readonly setAside: number
}
