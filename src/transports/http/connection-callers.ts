/**
 * Remembers who the caller of each connection is: clients keep connections open and send the same `Authorization` with
 * every request, and comparing two texts takes a hundredth of the time of finding whose they are.
 *
 * The text is that of the last request on the same connection, so no client can guess that of another one by it, and it is
 * forgotten with the connection. What was found counts only as long as it would be found again: until a key, user or
 * session changes, until the credentials expire, and for a second at most, for what an identity provider has withdrawn.
 */
import type { FastifyRequest } from 'fastify'
import type { Clock } from '../../clock.ts'
import type { Caller } from '../../security/caller.ts'
import type { Identity } from '../../security/identity/identity.ts'
import type { MaybePromise } from '../../security/maybe-promise.ts'
import { credentialsOf } from './credentials.ts'

const MAX_AGE_MS = 1000

interface KnownCaller {
  readonly authorization: string
  /** Address of the client, which may be one of many behind a proxy. */
  readonly source: string
  readonly caller: Caller
  readonly generation: number
  readonly from: number
  readonly until: number
}

export class ConnectionCallers {
  readonly #identity: Pick<Identity, 'identify' | 'generation'>
  readonly #clock: Pick<Clock, 'milliseconds'>
  /** By socket. */
  readonly #known = new WeakMap<object, KnownCaller>()

  constructor(identity: Pick<Identity, 'identify' | 'generation'>, clock: Pick<Clock, 'milliseconds'>) {
    this.#identity = identity
    this.#clock = clock
  }

  /** The caller of a request. @throws HubError as `Identity.identify`, also asynchronously */
  identify(request: FastifyRequest): MaybePromise<Caller> {
    const { authorization } = request.headers
    // Whether other credentials are good depends on more than themselves, as that of a session on the method.
    if (authorization === undefined) return this.#identity.identify(credentialsOf(request), request.ip)
    const { socket } = request.raw
    const known = this.#known.get(socket)
    const [{ ip }, { generation }, now] = [request, this.#identity, this.#clock.milliseconds()]
    if (
      known !== undefined &&
      known.authorization === authorization &&
      known.source === ip &&
      known.generation === generation &&
      known.from <= now &&
      now < known.until
    ) {
      return known.caller
    }
    const remember = (caller: Caller): Caller => {
      const until = Math.min(now + MAX_AGE_MS, caller.expiresAt ?? Number.POSITIVE_INFINITY)
      this.#known.set(socket, { authorization, source: ip, caller, generation, from: now, until })
      return caller
    }
    const caller = this.#identity.identify(credentialsOf(request), ip)
    return caller instanceof Promise ? caller.then(remember) : remember(caller)
  }
}
