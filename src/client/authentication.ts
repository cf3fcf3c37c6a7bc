/** Shows the token of a client to the hub, and renews it before it expires. */
import type { ClientOptions } from './options.ts'
import { RefusedError } from './refused-error.ts'
import type { ServerMessage } from './types.ts'

/** Other messages count from 0. */
const ID = -2

/** Calls back before a time (milliseconds since 1970). @returns cancels it */
export type ActBefore = (time: number, act: () => void) => () => void

/** Of one connection. */
export class Authentication {
  readonly #token: NonNullable<ClientOptions['token']>
  readonly #send: (message: object) => void
  readonly #before: ActBefore
  #answer: PromiseWithResolvers<ServerMessage> | undefined
  #cancel: () => void = () => {}
  #isStopped = false

  constructor(token: NonNullable<ClientOptions['token']>, send: (message: object) => void, before: ActBefore) {
    this.#token = token
    this.#send = send
    this.#before = before
  }

  /** @throws RefusedError where the hub does not accept the token; what the function that makes it throws */
  async start(): Promise<void> {
    const token = typeof this.#token === 'string' ? this.#token : await this.#token()
    if (this.#isStopped) throw new Error('The connection was closed')
    this.#answer = Promise.withResolvers()
    this.#send({ type: 'token', id: ID, token })
    const { code, text = '', expires } = await this.#answer.promise
    if (code !== undefined) throw new RefusedError(code, text)
    if (expires !== undefined && typeof this.#token === 'function') this.#renewBefore(Date.parse(expires))
  }

  /** @returns whether the message was an answer to a token */
  read(message: ServerMessage): boolean {
    if (message.id !== ID) return false
    this.#answer?.resolve(message)
    return true
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel()
    this.#answer?.resolve({ type: 'refused', code: 'Closed', text: 'The connection was closed' })
  }

  /** Where it fails, the hub ends the connection, and the next one begins with another token. */
  #renewBefore(expires: number): void {
    this.#cancel = this.#before(expires, () => {
      if (!this.#isStopped) this.start().catch(() => {})
    })
  }
}
