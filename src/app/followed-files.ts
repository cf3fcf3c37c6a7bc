/**
 * Files that the operator names in the settings, read again when they change, without a restart. A new version that is
 * wrong leaves the last good one in force; the log says why, and `/readyz` and the metrics that it is so.
 */
import { type Stats, statSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import type { Config } from '../config/config.ts'

/** Files are looked at this often: notifications of the file system do not reach network drives and containers. */
const FILE_INTERVAL_MS = 2000

/** What is read and taken over together. */
const groups = {
  ISSUERS: ['ISSUERS'],
  TLS_CLIENT_CLAIMS: ['TLS_CLIENT_CLAIMS'],
  TLS: ['TLS_CERT', 'TLS_KEY', 'TLS_CLIENT_CA', 'TLS_CRL']
} as const satisfies Record<string, readonly (keyof Config)[]>

export type FollowedSetting = keyof typeof groups

/** Reads files and puts them in force. @throws Error that says what is wrong; then nothing may have changed */
export type TakeOver = () => void

export interface FollowParts {
  readonly clock: Clock
  readonly log: Pick<FastifyBaseLogger, 'info' | 'error'>
  readonly take: Readonly<Partial<Record<FollowedSetting, TakeOver>>>
  /** Called after new files were taken over, or found wrong, for the audit. */
  readonly onChange?: (setting: FollowedSetting, problem: string | undefined) => void
}

export class FollowedFiles {
  readonly #files: ReadonlyMap<FollowedSetting, FollowedGroup>

  /** To be called before the files are read for the first time, so that no change is missed. */
  constructor(config: { readonly [Name in (typeof groups)[FollowedSetting][number]]: string }) {
    const named = (Object.keys(groups) as FollowedSetting[]).flatMap((setting) => {
      const names = groups[setting].map((name) => config[name]).filter((name) => name !== '')
      return names.length === 0 ? [] : [[setting, new FollowedGroup(names)] as const]
    })
    this.#files = new Map(named)
  }

  /** By setting: is what its files hold now in force? */
  get validity(): Readonly<Record<string, boolean>> {
    return Object.fromEntries(Array.from(this.#files, ([setting, { problem }]) => [setting, problem === undefined]))
  }

  /** @returns stops it */
  watch(parts: FollowParts): () => Promise<void> {
    if (this.#files.size === 0) return async () => {}
    let looking: Promise<void> = Promise.resolve()
    let isLooking = false
    const stop = parts.clock.every(FILE_INTERVAL_MS, () => {
      // A drive may be slow to answer.
      if (isLooking) return
      isLooking = true
      looking = this.#look(parts).finally(() => {
        isLooking = false
      })
    })
    return async () => {
      stop()
      await looking
    }
  }

  async #look({ take, log, onChange }: FollowParts): Promise<void> {
    for (const [setting, group] of this.#files) {
      const takeOver = take[setting]
      if (takeOver === undefined || !(await group.hasChanged())) continue
      group.problem = problemOf(takeOver)
      if (group.problem === undefined) log.info(`${setting}: the changed file is in force`)
      else log.error(`${setting}: the changed file is not used, the last good one stays in force: ${group.problem}`)
      onChange?.(setting, group.problem)
    }
  }
}

class FollowedGroup {
  /** Why the newest version is not in force. */
  problem: string | undefined
  readonly #names: readonly string[]
  #taken: string
  #seen: string

  constructor(names: readonly string[]) {
    this.#names = names
    this.#taken = JSON.stringify(names.map(firstMarkOf))
    this.#seen = this.#taken
  }

  /** Since it was taken over last, and not since the last look: what belongs together is replaced one after the other. */
  async hasChanged(): Promise<boolean> {
    const marks = await Promise.all(this.#names.map(async (name) => markOf(await stat(name).catch(() => undefined))))
    const found = JSON.stringify(marks)
    const isSettled = found === this.#seen
    this.#seen = found
    if (!isSettled || found === this.#taken) return false
    this.#taken = found
    return true
  }
}

function firstMarkOf(name: string): unknown {
  try {
    return markOf(statSync(name))
  } catch {
    return markOf(undefined)
  }
}

/** Changes when the file does, or comes or goes. */
function markOf(stats: Stats | undefined): unknown {
  return stats === undefined ? 'absent' : [stats.mtimeMs, stats.ctimeMs, stats.size, stats.ino]
}

function problemOf(takeOver: TakeOver): string | undefined {
  try {
    takeOver()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
