/**
 * The access rules in force: those of `ACCESS_RULES`, of the version that was activated last, or of the built-in roles.
 * They are replaced while the hub runs; new rules that are not valid leave the last good ones in force.
 */
import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import { ConfigError } from '../config/config.ts'
import { HubError } from '../errors.ts'
import { RulesInForce } from '../security/access.ts'
import { type AuditTrail, ruleAudit } from '../security/audit-trail.ts'
import { Policy } from '../security/policy.ts'
import type { AccessRule } from '../security/rule.ts'
import {
  type CheckedDocument,
  checkRuleDocument,
  checkRuleFiles,
  fingerprintOf,
  rulesOf
} from '../security/rule-files.ts'
import { BUILT_IN, type MoreChanges, RuleVersions } from '../security/rule-versions.ts'
import type { Store } from '../store/store.ts'

export interface AccessRules {
  readonly rules: RulesInForce
  readonly versions: RuleVersions
  readonly status: RulesStatus
  /** Applies the active version now, e.g. after a request has changed it. */
  follow(): Promise<void>
  /** Follows the file, and versions that other hubs activate. @returns stops it */
  watch(): () => Promise<void>
}

export interface RulesStatus {
  /** Number of the version in force. */
  readonly version: number
  /** Why newer rules are not in force; without names of files, as any caller may read it. */
  readonly problem: string | undefined
}

export interface AccessRulesOptions {
  readonly store: Store
  readonly clock: Clock
  readonly audit: AuditTrail
  /** File or folder; '' for none. */
  readonly file: string
  /** Other hubs may use the same store. */
  readonly isShared: boolean
  readonly log: Pick<FastifyBaseLogger, 'info' | 'error' | 'warn'>
}

/** Files are looked at this often: notifications of the file system do not reach network drives and containers. */
const FILE_INTERVAL_MS = 1000
/** Shortest time between two looks at the active version, which follow commits. */
const VERSION_INTERVAL_MS = 250
/** After a version could not be put in force, e.g. as the store did not answer. */
const RETRY_MS = 2000

/**
 * The file wins at each start. If it is not valid, the version that was active last applies, and this is logged.
 * @throws ConfigError with all violations where there is no valid version either
 */
export async function openAccessRules(options: AccessRulesOptions): Promise<AccessRules> {
  const service = new AccessRulesService(options)
  await service.start()
  return service
}

class AccessRulesService implements AccessRules {
  readonly rules = new RulesInForce(new Policy([]))
  readonly versions: RuleVersions
  readonly status: RulesStatus
  readonly #options: AccessRulesOptions
  readonly #more: MoreChanges
  /** Fingerprints of the file: as it was taken over, or found wrong; and as it was seen last. */
  #taken = ''
  #seen = ''
  /** Of the list of versions whose active one is in force. */
  #revision = -1
  #version = -1
  /** What is wrong with the file, and with the active version, as it was logged last. */
  #fileProblem: string | undefined
  #versionProblem: string | undefined
  /** Work on the rules, one after the other. */
  #last: Promise<void> = Promise.resolve()

  constructor(options: AccessRulesOptions) {
    this.#options = options
    this.#more = ruleAudit(options.audit, { name: 'hub', authentication: 'configuration' })
    this.versions = new RuleVersions(options.store, options.clock)
    const version = () => this.#version
    const hasProblem = () => (this.#fileProblem ?? this.#versionProblem) !== undefined
    this.status = {
      get version() {
        return version()
      },
      get problem() {
        return hasProblem() ? 'newer access rules are not valid; the last good ones are in force' : undefined
      }
    }
  }

  async start(): Promise<void> {
    const { file, log } = this.#options
    const problems = file === '' ? [] : await this.#takeFile()
    try {
      await this.#apply()
    } catch (error) {
      if (!isWrong(error)) throw error
      throw new ConfigError(['The access rules that are stored are not valid; name a valid file', ...textsOf(error)])
    }
    if (problems.length > 0 && this.#version === BUILT_IN) throw new ConfigError(problems)
    if (this.#version !== BUILT_IN) log.info({ version: this.#version }, 'Access rules are in force')
  }

  follow(): Promise<void> {
    return this.#inTurn(async () => {
      const revision = await this.versions.revision()
      if (revision !== this.#revision) await this.#apply()
    })
  }

  watch(): () => Promise<void> {
    const { store, clock, file, isShared } = this.#options
    let cancel: (() => void) | undefined
    const schedule = (ms: number) => {
      cancel ??= clock.after(ms, () => {
        cancel = undefined
        this.follow().catch((error) => {
          this.#versionProblem = this.#report(textsOf(error), this.#versionProblem)
          schedule(RETRY_MS)
        })
      })
    }
    // The next look tries again.
    const failed = (error: unknown) => {
      this.#fileProblem = this.#report(textsOf(error), this.#fileProblem)
    }
    const stopListening = isShared ? store.onCommit(() => schedule(VERSION_INTERVAL_MS)) : () => {}
    const stopTimer =
      file === '' ? () => {} : clock.every(FILE_INTERVAL_MS, () => this.#inTurn(() => this.#look()).catch(failed))
    return async () => {
      stopListening()
      stopTimer()
      cancel?.()
      await this.#last
    }
  }

  /** Takes over the file if it has changed and is complete: it did not change between two looks. */
  async #look(): Promise<void> {
    const fingerprint = await this.#fingerprint()
    const isSettled = fingerprint === this.#seen
    this.#seen = fingerprint
    if (!isSettled || fingerprint === this.#taken) return
    const problems = await this.#takeFile()
    if (problems.length === 0) await this.#apply()
  }

  /**
   * Makes the content of the file the active version.
   * @returns what is wrong with it; then nothing changes
   * @throws HubError of the store; then it is tried again
   */
  async #takeFile(): Promise<readonly string[]> {
    const fingerprint = await this.#fingerprint()
    let documents: readonly CheckedDocument[]
    let rules: readonly AccessRule[]
    try {
      documents = await checkRuleFiles(this.#options.file)
      rules = rulesOf(documents)
    } catch (error) {
      this.#taken = fingerprint
      const problems = textsOf(error).map((text) => `ACCESS_RULES: ${text}`)
      this.#fileProblem = this.#report(problems, this.#fileProblem)
      return problems
    }
    const plain = documents.map(({ name, model }) => ({ name, model }))
    await this.versions.add({ documents: plain, rules: rules.length, author: 'file', activate: true }, this.#more)
    this.#taken = fingerprint
    this.#fileProblem = undefined
    const warnings = documents.flatMap((document) => document.warnings)
    if (warnings.length > 0) this.#options.log.warn({ warnings }, 'Access rules have warnings')
    return []
  }

  async #fingerprint(): Promise<string> {
    return fingerprintOf(this.#options.file).catch(() => 'unreadable')
  }

  /** Puts the active version in force. @throws HubError where it is not valid */
  async #apply(): Promise<void> {
    const revision = await this.versions.revision()
    const { active } = await this.versions.list()
    if (active !== this.#version) {
      this.rules.replace(new Policy(await this.#rulesOf(active)))
      if (this.#version >= 0) this.#options.log.info({ version: active }, 'Other access rules are in force')
      this.#version = active
    }
    this.#revision = revision
    this.#versionProblem = undefined
  }

  async #rulesOf(version: number): Promise<AccessRule[]> {
    const checked: CheckedDocument[] = []
    for (const document of await this.versions.documents(version)) checked.push(await checkRuleDocument(document))
    return rulesOf(checked)
  }

  /** Logs each problem once. @returns it */
  #report(problems: readonly string[], known: string | undefined): string {
    const text = problems.join('\n')
    if (text !== known) {
      this.#options.log.error({ problems }, 'New access rules are not valid; the last good ones are in force')
    }
    return text
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => {})
    return done
  }
}

/** Are the rules wrong, rather than out of reach? */
function isWrong(error: unknown): boolean {
  return error instanceof HubError && ['Invalid', 'BadRequest', 'NotFound', 'Damaged'].includes(error.name)
}

function textsOf(error: unknown): string[] {
  if (!(error instanceof HubError) || error.violations.length === 0) return [(error as Error).message]
  return error.violations.map(({ pointer, text }) => `${pointer}: ${text}`)
}
