/** Places in the log as others hold them: opaque, and of one body of data only. */

export interface LogCursor {
  /** Which body of data the log belongs to. */
  readonly epoch: string
  /** The commit last seen … */
  readonly seq: number
  /** … and, where only a part of it was seen, how many of its changes, each sample of a run counting as one. */
  readonly index?: number
}

export function encodeCursor({ epoch, seq, index }: LogCursor): string {
  return Buffer.from(`${epoch}.${seq}${index === undefined ? '' : `.${index}`}`).toString('base64url')
}

/** Undefined where the text is no cursor. */
export function decodeCursor(text: string): LogCursor | undefined {
  if (!/^[\w-]{1,120}$/.test(text)) return undefined
  const [, epoch, seq, index] =
    /^([\w-]{1,64})\.(\d{1,15})(?:\.(\d{1,15}))?$/.exec(Buffer.from(text, 'base64url').toString()) ?? []
  if (epoch === undefined) return undefined
  return { epoch, seq: Number(seq), ...(index !== undefined && { index: Number(index) }) }
}
