/** Positions in the log as opaque cursors, valid for one store only. */

export interface LogCursor {
  /** Identifies the store's data. */
  readonly epoch: string
  /** The commit last seen … */
  readonly seq: number
  /** … and, if only a part of it was seen, the number of its changes, each sample of a run counting as one. */
  readonly index?: number
}

export function encodeCursor({ epoch, seq, index }: LogCursor): string {
  return Buffer.from(`${epoch}.${seq}${index === undefined ? '' : `.${index}`}`).toString('base64url')
}

/** Undefined if the text is not a cursor. */
export function decodeCursor(text: string): LogCursor | undefined {
  if (!/^[\w-]{1,120}$/.test(text)) return undefined
  const [, epoch, seq, index] =
    /^([\w-]{1,64})\.(\d{1,15})(?:\.(\d{1,15}))?$/.exec(Buffer.from(text, 'base64url').toString()) ?? []
  if (epoch === undefined) return undefined
  return { epoch, seq: Number(seq), ...(index !== undefined && { index: Number(index) }) }
}
