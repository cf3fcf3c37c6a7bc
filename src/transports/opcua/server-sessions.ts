/** All sessions of the OPC UA server, and what its thread asks of them. */
import { HubError } from '../../errors.ts'
import type { CallerLimits } from '../../security/caller-limits.ts'
import type { Identity } from '../../security/identity/identity.ts'
import { ChangeFeed } from './change-feed.ts'
import type { ServerFigures, ServerSources } from './messages.ts'
import { type OpcuaSessionParts, ServerSession } from './server-session.ts'
import { SessionCaller } from './session-caller.ts'

export interface OpcuaSessionsParts extends Omit<OpcuaSessionParts, 'feed'> {
  readonly identity: Pick<Identity, 'isConfigured' | 'identify' | 'onChange'>
  readonly limits: Pick<CallerLimits, 'openConnection'>
  /** Of a session that is refused. */
  readonly refused: (reason: string, source: string | undefined) => void
}

const CHECK_INTERVAL_MS = 2000

interface OpenSession {
  readonly session: ServerSession
  /** Frees its place among those of its caller. */
  readonly release: () => void
}

export class ServerSessions {
  #counted: Omit<ServerFigures, 'sessions'> = { subscriptions: 0, items: 0 }
  readonly #parts: OpcuaSessionsParts
  readonly #feed: ChangeFeed
  readonly #open = new Map<string, OpenSession>()
  readonly #stops: (() => void)[]

  constructor(parts: OpcuaSessionsParts) {
    this.#parts = parts
    this.#feed = new ChangeFeed(() => this.#each((session) => session.watches.wake()))
    this.#stops = [
      parts.identity.onChange(() => this.#each((session) => void session.identifyAgain())),
      parts.clock.every(CHECK_INTERVAL_MS, () => this.#each((session) => session.check()))
    ]
  }

  get figures(): ServerFigures {
    const open = [...this.#open.values()].filter(({ session }) => !session.hasEnded)
    return { ...this.#counted, sessions: open.length }
  }

  get sources(): ServerSources {
    return {
      open: (key, identity, source) => this.#enter(key, identity, source),
      close: (key) => this.#leave(key),
      document: async (key, kind, id, known) => this.#of(key).document(kind, id, known),
      list: async (key, kind, after) => this.#of(key).list(kind, after),
      values: async (key, names) => this.#of(key).values(names),
      watch: async (key, watched) => this.#of(key).watches.add(watched),
      unwatch: (key, watched) => this.#open.get(key)?.session.watches.remove(watched),
      changes: () => this.#feed.batches(),
      write: async (key, name, member, value) => this.#of(key).write(name, member, value),
      count: (figures) => {
        this.#counted = figures
      }
    }
  }

  /** The server ends when it has taken what waits. */
  close(): void {
    for (const stop of this.#stops) stop()
    for (const key of [...this.#open.keys()]) this.#leave(key)
    this.#feed.end()
  }

  async #enter(...[key, identity, source]: Parameters<ServerSources['open']>): Promise<string | undefined> {
    try {
      const caller = await SessionCaller.open(this.#parts, identity, source)
      const release = caller.access === undefined ? () => {} : this.#parts.limits.openConnection(caller.access.caller)
      // A client may go on as another user.
      this.#leave(key)
      this.#open.set(key, { session: new ServerSession({ ...this.#parts, feed: this.#feed }, key, caller), release })
      return undefined
    } catch (error) {
      if (!(error instanceof HubError)) throw error
      this.#parts.refused(error.message, source)
      return error.message
    }
  }

  #leave(key: string): void {
    const open = this.#open.get(key)
    this.#open.delete(key)
    open?.session.close()
    open?.release()
  }

  #of(key: string): ServerSession {
    const open = this.#open.get(key)
    if (open === undefined) throw new HubError('Unauthorized', ['there is no such session'])
    return open.session
  }

  #each(act: (session: ServerSession) => void): void {
    for (const { session } of this.#open.values()) act(session)
  }
}
