/** State and figures of one connection, for the list of connections, metrics and logs. */
import type { Clock } from '../clock.ts'
import type { InterfaceDescription, InterfaceProblem } from '../operations/asset-interfaces/asset-interface.ts'
import type { ConnectionState, ConnectionStatus } from '../operations/asset-interfaces/connection.ts'

const MINUTE_MS = 60_000
const MAX_TEXT = 300
/** Of one connection; more are left out. */
const MAX_PROBLEMS = 100

export class ConnectionRecord {
  readonly #clock: Clock
  #interface: InterfaceDescription
  #state: ConnectionStatus = 'connecting'
  #since: number
  #lastError: ConnectionState['lastError']
  #lastSample: number | undefined
  #lag: number | undefined
  #nextTry: number | undefined
  #problems: InterfaceProblem[] = []
  /** Samples of the current minute and of the one before, for the rate. */
  #minute = 0
  #inMinute = 0
  #inLastMinute = 0
  readonly counts = { accepted: 0, refused: 0, missed: 0, gaps: 0, reconnects: 0 }

  constructor(description: InterfaceDescription, clock: Clock) {
    this.#interface = description
    this.#clock = clock
    this.#since = clock.milliseconds()
  }

  get status(): ConnectionStatus {
    return this.#state
  }

  describe(description: InterfaceDescription): void {
    this.#interface = description
    this.#problems = []
  }

  /** @param nextTry milliseconds since 1970; undefined: none is needed */
  enter(state: ConnectionStatus, nextTry?: number): void {
    if (state !== this.#state) this.#since = this.#clock.milliseconds()
    this.#state = state
    this.#nextTry = nextTry
  }

  failed(text: string): void {
    this.#lastError = { time: this.#clock.milliseconds(), text: text.slice(0, MAX_TEXT) }
  }

  problem(path: string, text: string): void {
    const { submodel } = this.#interface
    const isKnown = this.#problems.some((problem) => problem.path === path && problem.text === text)
    if (!isKnown && this.#problems.length < MAX_PROBLEMS) this.#problems.push({ submodel, path, text })
  }

  /** @param newest time of the newest sample, in nanoseconds since 1970 */
  stored(accepted: number, refused: number, newest: bigint): void {
    const now = this.#clock.milliseconds()
    this.#advance(now)
    this.counts.accepted += accepted
    this.counts.refused += refused
    this.#inMinute += accepted
    if (accepted === 0) return
    this.#lastSample = now
    this.#lag = Math.max(0, now - Number(newest / 1_000_000n))
  }

  snapshot(): ConnectionState {
    const { id, submodel, idShort, protocol, title, base, items, problems } = this.#interface
    const now = this.#clock.milliseconds()
    this.#advance(now)
    const target = base === undefined ? undefined : withoutCredentials(base)
    // The part of the minute before that lies within the last sixty seconds.
    const part = 1 - (now % MINUTE_MS) / MINUTE_MS
    return {
      ...{ id, submodel, idShort, protocol, state: this.#state, since: this.#since, items: items.length },
      ...(title !== undefined && { title }),
      ...(target !== undefined && { target }),
      rate: (this.#inMinute + this.#inLastMinute * part) / 60,
      ...this.counts,
      ...(this.#lag !== undefined && { lag: this.#lag }),
      ...(this.#lastSample !== undefined && { lastSample: this.#lastSample }),
      ...(this.#lastError !== undefined && { lastError: this.#lastError }),
      ...(this.#nextTry !== undefined && { nextTry: this.#nextTry }),
      problems: [...problems, ...this.#problems]
    }
  }

  #advance(now: number): void {
    const minute = Math.floor(now / MINUTE_MS)
    if (minute === this.#minute) return
    this.#inLastMinute = minute === this.#minute + 1 ? this.#inMinute : 0
    this.#inMinute = 0
    this.#minute = minute
  }
}

function withoutCredentials(address: string): string {
  return address.replace(/\/\/[^/@]*@/, '//')
}
