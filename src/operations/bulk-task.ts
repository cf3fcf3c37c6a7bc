/** The work of a bulk request: any process can do it, also after the one that accepted it has ended. */
import { setImmediate } from 'node:timers/promises'
import { HubError, type Violation } from '../errors.ts'
import { currentDescriptor } from '../formats/descriptors.ts'
import { validate } from '../formats/json.ts'
import { facetsOf } from '../model/facets.ts'
import type { Documents } from '../model/types.ts'
import { Visibility } from '../security/visibility.ts'
import { WriteAuthorizer } from '../security/write-authorizer.ts'
import type { Change } from '../store/store.ts'
import type { DescriptorClass } from './derived-descriptors.ts'
import type { JobContext, JobRequester } from './job-handles.ts'
import type { JobOutcome } from './jobs.ts'

export type BulkVerb = 'create' | 'put' | 'delete'

/** Name of the task. */
export const BULK_TASK = 'bulk'

export interface BulkTask {
  readonly kind: DescriptorClass
  readonly verb: BulkVerb
  readonly items: readonly unknown[]
  /** Absent: the hub was open. */
  readonly requester?: JobRequester
}

/** Items checked before yielding to other requests. */
const ITEMS_PER_SLICE = 5

/** @throws HubError `Invalid` with all violations; otherwise returns the changes */
export async function performBulk({ store, accessOf }: JobContext, task: unknown): Promise<JobOutcome> {
  const { kind, verb, items, requester } = task as BulkTask
  const access = requester && accessOf(requester)
  const visibility = access && new Visibility({ access, store, rights: ['VIEW'] })
  const changes: RegistryChange[] = []
  const indexes = new Map<string, number>()
  const violations: Violation[] = []
  for (const [index, item] of items.entries()) {
    if (index % ITEMS_PER_SLICE === ITEMS_PER_SLICE - 1) await setImmediate()
    const change =
      verb === 'delete' ? deletion(kind, item, index, violations) : registration(kind, item, index, violations)
    if (change === undefined) continue
    const { id } = change
    const stored = (await store.head(kind, id)) !== undefined
    const isHidden = stored && visibility !== undefined && !(await visibility.document(kind, id))
    const fault = indexes.has(id) ? 'occurs twice in the request' : faultOf(verb, stored, isHidden)
    if (!indexes.has(id)) indexes.set(id, index)
    if (fault !== undefined) violations.push({ pointer: `/${index}`, rule: verb, text: `${kind} "${id}" ${fault}` })
    else changes.push(change.change === 'create' && stored ? { ...change, change: 'replace' } : change)
  }
  const authorizer = access && new WriteAuthorizer({ access, store, stored: store, right: rightsByVerb[verb] })
  for (const { id } of (await authorizer?.uncovered(changes)) ?? []) {
    const text = `${kind} "${id}" ${NOT_ALLOWED[verb]}`
    violations.push({ pointer: `/${indexes.get(id)}`, rule: 'forbidden', text })
  }
  if (violations.length > 0) throw new HubError('Invalid', [violations.length], violations)
  return { changes: authorizer === undefined ? changes : await authorizer.authorize(changes) }
}

type RegistryChange = Extract<Change, { change: 'create' | 'replace' | 'delete' }>

const rightsByVerb = {
  create: 'CREATE',
  put: { absent: 'CREATE', present: 'UPDATE' },
  delete: 'DELETE'
} as const

const NOT_ALLOWED: Readonly<Record<BulkVerb, string>> = {
  create: 'may not be created',
  put: 'may not be written',
  delete: 'may not be deleted'
}

function faultOf(verb: BulkVerb, stored: boolean, isHidden: boolean): string | undefined {
  if (isHidden) return verb === 'delete' ? 'does not exist' : NOT_ALLOWED[verb]
  if (verb === 'create' && stored) return 'already exists'
  return verb === 'delete' && !stored ? 'does not exist' : undefined
}

function deletion(kind: DescriptorClass, id: unknown, index: number, violations: Violation[]) {
  if (typeof id === 'string') return { change: 'delete', kind, id } as const
  violations.push({ pointer: `/${index}`, rule: 'type', text: `an id was expected; found ${JSON.stringify(id)}` })
  return undefined
}

function registration(kind: DescriptorClass, body: unknown, index: number, violations: Violation[]) {
  const item = currentDescriptor(kind, body)
  const found = validate(kind, item)
  for (const one of found) violations.push({ ...one, pointer: `/${index}${one.pointer}` })
  if (found.length > 0) return undefined
  const descriptor = item as Documents[DescriptorClass]
  const facets = facetsOf<Kind>(kind, descriptor)
  return { change: 'create', kind, id: descriptor.id, json: JSON.stringify(descriptor), facets } as const
}

type Kind = keyof Documents
