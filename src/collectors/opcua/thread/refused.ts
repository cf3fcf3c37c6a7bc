/** Why a connection, a write or a call failed: a sentence for people. */
export class Refused extends Error {
  override readonly name = 'Refused'
  /** Does it need a change of the configuration? */
  readonly isPermanent: boolean

  constructor(message: string, isPermanent = false) {
    super(message)
    this.isPermanent = isPermanent
  }
}

/** The sentence of any error of the client library, without its codes and colours. */
export function sentenceOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : undefined
  const plain = (cause ?? message).replaceAll(/\u001b\[[0-9;]*m/g, '').replaceAll(/\[NODE-OPCUA-[A-Z]\d+\]\s*/g, '')
  return plain.split('\n')[0]?.trim() ?? 'unknown'
}
