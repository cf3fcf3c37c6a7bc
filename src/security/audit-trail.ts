/**
 * Writes the audit. What changes something is recorded in its very commit; refusals, logins and reads some seconds later
 * (audit-batch.ts): where the hub is killed, those of the last seconds are lost. No record has a secret in it.
 */
import { hostname } from 'node:os'
import type { Clock } from '../clock.ts'
import type { Change, Store } from '../store/store.ts'
import { AuditBatch } from './audit-batch.ts'
import {
  type AuditContext,
  type AuditedResource,
  type AuditRecord,
  contextMembers,
  contextText,
  resourcesOf,
  rightsUsed
} from './audit-record.ts'
import type { Caller } from './caller.ts'
import type { MoreChanges } from './rule-versions.ts'

/** `reads`: writes and reads. */
export type AuditMode = 'off' | 'writes' | 'reads'

export interface AuditTrailOptions {
  readonly store: Pick<Store, 'commit'>
  readonly clock: Clock
  readonly mode: AuditMode
  /** Records values that are written to elements. */
  readonly values?: boolean
  /** Other hubs may use the same store. */
  readonly isShared?: boolean
  /** Called where records could not be written. */
  readonly failed: (error: unknown) => void
}

/** Something beside the operations on documents: a login, a change of keys, users or rules. */
export interface AuditedEvent {
  readonly operation: string
  /** `key:line-1`, `user:kim`, `access-rules:3`. */
  readonly subject: string
  readonly outcome: AuditRecord['outcome']
  readonly reason?: string
  /** Absent: a command on the machine of the hub, or a caller that is not authenticated. */
  readonly caller?: Omit<Caller, 'subject'>
  readonly source?: string
}

/** Samples that a caller may not write, and the first series of them. */
export interface RefusedSamples {
  readonly count: number
  readonly series: readonly { readonly submodel: string; readonly path: string }[]
}

/** Documents in one record; a commit of more has several. */
const MAX_RESOURCES = 500

/** Records that are distinguished within some seconds: refusals of strangers; refusals and reads of each known caller. */
const STRANGERS_LIMIT = 30
const REFUSALS_LIMIT = 100
const READS_LIMIT = 5000

export class AuditTrail {
  readonly #options: AuditTrailOptions
  readonly #batch: AuditBatch
  readonly #hub: Pick<AuditRecord, 'hub'>
  readonly #hubText: string

  constructor(options: AuditTrailOptions) {
    this.#options = options
    this.#batch = new AuditBatch(options)
    this.#hub = options.isShared ? { hub: hostname() } : {}
    this.#hubText = options.isShared ? `,"hub":${JSON.stringify(hostname())}` : ''
  }

  get isOn(): boolean {
    return this.#options.mode !== 'off'
  }

  get recordsReads(): boolean {
    return this.#options.mode === 'reads'
  }

  /**
   * To be committed together with a caller's changes.
   * @param rules names of the access rules that granted them
   */
  changesFor(context: AuditContext, changes: readonly Change[], rules: readonly string[] = []): readonly Change[] {
    if (!this.isOn) return NONE
    const { values = false } = this.#options
    const all = resourcesOf(changes, values)
    const parts = Math.ceil(all.length / MAX_RESOURCES)
    if (parts === 0) return NONE
    const text = `{${contextText(context)}${this.#hubText}`
    const records: Change[] = []
    for (let part = 0; part < parts; part++) {
      const resources = parts === 1 ? all : all.slice(part * MAX_RESOURCES, (part + 1) * MAX_RESOURCES)
      const done: Omit<AuditRecord, 'caller' | 'operation'> = {
        outcome: 'done',
        rights: rightsUsed(resources),
        ...(rules.length > 0 && { rules }),
        resources,
        ...(parts > 1 && { part: `${part + 1}/${parts}` })
      }
      records.push({ change: 'audit', record: `${text},${JSON.stringify(done).slice(1)}` })
    }
    return records
  }

  /** Samples of a push that was accepted otherwise. @param series the first that the caller may not write */
  refusedSamples(context: AuditContext, { count, series }: RefusedSamples): void {
    if (!this.isOn) return
    const resources = Map.groupBy(series, ({ submodel }) => submodel)
    const named = Array.from(resources, ([id, all]): AuditedResource => {
      return { action: 'samples', kind: 'Submodel', id, paths: all.map(({ path }) => path) }
    })
    const { caller, operation } = context
    const reason = 'samples of elements that the caller may not write'
    this.#batch.add({
      record: {
        ...{ ...contextMembers(context), ...this.#hub, outcome: 'refused', reason },
        ...{ rights: ['UPDATE'], resources: named }
      },
      key: `samples ${caller.name} ${caller.source} ${operation} ${JSON.stringify(named)}`,
      group: `refused ${caller.name}`,
      limit: REFUSALS_LIMIT,
      samples: count
    })
  }

  /** A request that was refused with 401 or 403. */
  refused(context: AuditContext, status: number, reason?: string): void {
    if (!this.isOn) return
    const { caller, operation } = context
    const isStranger = caller.authentication === 'none'
    this.#batch.add({
      record: {
        ...contextMembers(context),
        ...this.#hub,
        outcome: 'refused',
        status,
        ...(reason !== undefined && { reason })
      },
      key: `refused ${status} ${caller.name} ${caller.source} ${operation} ${reason}`,
      group: isStranger ? 'strangers' : `refused ${caller.name}`,
      limit: isStranger ? STRANGERS_LIMIT : REFUSALS_LIMIT
    })
  }

  /** A request that changed nothing that is stored. @param isRead where it did nothing else, either */
  done(context: AuditContext, status: number, isRead: boolean): void {
    if (!this.isOn || (isRead && !this.recordsReads)) return
    const { caller, operation, path } = context
    this.#batch.add({
      record: { ...contextMembers(context), ...this.#hub, outcome: 'done', status },
      key: `done ${status} ${caller.name} ${caller.source} ${operation} ${path}`,
      group: `done ${caller.name}`,
      limit: READS_LIMIT
    })
  }

  /** An event that changes nothing that is stored. */
  report(event: AuditedEvent): void {
    if (!this.isOn) return
    const { operation, subject, outcome, reason, caller, source } = event
    const isStranger = outcome === 'refused' && (caller === undefined || caller.authentication === 'none')
    this.#batch.add({
      record: this.#recordOf(event),
      key: `event ${operation} ${outcome} ${subject} ${caller?.name} ${source} ${reason}`,
      group: isStranger ? 'strangers' : `event ${caller?.name}`,
      limit: isStranger ? STRANGERS_LIMIT : REFUSALS_LIMIT
    })
  }

  /** To be committed together with what the event is about. */
  changesForEvent(event: AuditedEvent): readonly Change[] {
    return this.isOn ? [{ change: 'audit', record: JSON.stringify(this.#recordOf(event)) }] : NONE
  }

  /** Writes what is pending; to be called before the store is closed. */
  close(): Promise<void> {
    return this.#batch.close()
  }

  #recordOf({ operation, subject, outcome, reason, caller, source = caller?.source }: AuditedEvent): AuditRecord {
    return {
      caller: caller?.name ?? (source === undefined ? 'command' : 'anonymous'),
      ...(caller !== undefined && { authentication: caller.authentication }),
      ...(source !== undefined && { source }),
      ...this.#hub,
      operation,
      outcome,
      ...(reason !== undefined && { reason }),
      subject: subject.slice(0, MAX_SUBJECT_LENGTH)
    }
  }
}

const NONE: readonly Change[] = []

/** A name that a stranger gave may be of any length. */
const MAX_SUBJECT_LENGTH = 200

/** Records changes of the access rules together with them. @param caller absent: a command on the machine of the hub */
export function ruleAudit(trail: AuditTrail, caller?: AuditedEvent['caller']): MoreChanges {
  return (what, version) =>
    trail.changesForEvent({
      operation: RULE_OPERATIONS[what],
      subject: `access-rules:${version}`,
      outcome: 'done',
      ...(caller !== undefined && { caller })
    })
}

const RULE_OPERATIONS: Readonly<Record<Parameters<MoreChanges>[0], string>> = {
  stage: 'StageAccessRules',
  activate: 'ActivateAccessRules',
  rollback: 'RollBackAccessRules'
}

/** The audit of one request or connection. */
export class RequestAudit {
  readonly #trail: AuditTrail
  #context: AuditContext | (() => AuditContext)
  #hasChanges = false

  /** @param context a function is called once, if something is recorded */
  constructor(trail: AuditTrail, context: AuditContext | (() => AuditContext)) {
    this.#trail = trail
    this.#context = context
  }

  /** Of the same request, from another caller. */
  as(caller: Caller): RequestAudit {
    return new RequestAudit(this.#trail, { ...this.#known, caller })
  }

  get recordsReads(): boolean {
    return this.#trail.recordsReads
  }

  /** Was something of it recorded with a commit? */
  get hasChanges(): boolean {
    return this.#hasChanges
  }

  changesFor(changes: readonly Change[], rules?: readonly string[]): readonly Change[] {
    this.#hasChanges = true
    return this.#trail.changesFor(this.#known, changes, rules)
  }

  /** For transports whose messages have no response of their own. */
  refused(status: number, reason?: string): void {
    this.#trail.refused(this.#known, status, reason)
  }

  /** Of a push whose other samples were accepted. */
  refusedSamples(samples: RefusedSamples): void {
    this.#trail.refusedSamples(this.#known, samples)
  }

  done(status: number, isRead: boolean): void {
    this.#trail.done(this.#known, status, isRead)
  }

  get #known(): AuditContext {
    if (typeof this.#context === 'function') this.#context = this.#context()
    return this.#context
  }
}
