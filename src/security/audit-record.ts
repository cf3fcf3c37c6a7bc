/** A record of the audit: who did what to which resource, when, from where, by which rule, with which result. */
import type { Change, DocumentKind } from '../store/store.ts'
import type { Authentication, Caller } from './caller.ts'
import type { Right } from './rights.ts'

/** Persisted as JSON, with its members in this order. The entry of the store adds number and time. */
export interface AuditRecord {
  /** RFC 3339; where the record was written some seconds later. */
  readonly at?: string
  /** Name of the caller; `hub` for what the hub does by itself, `command` for a command on its machine. */
  readonly caller: string
  readonly authentication?: Authentication
  /** Network address. */
  readonly source?: string
  /** The host of the hub, where several share a store. */
  readonly hub?: string
  /** Id of the request, as in log lines and error responses. */
  readonly request?: string
  /** Name of an operation of the API, or what else was done: `Login`, `TrimAudit`. */
  readonly operation: string
  /** Path of the request, without its query. */
  readonly path?: string
  readonly outcome: 'done' | 'refused'
  /** Status of the HTTP response. */
  readonly status?: number
  readonly reason?: string
  readonly rights?: readonly Right[]
  /** Names of the access rules that granted it. */
  readonly rules?: readonly string[]
  readonly resources?: readonly AuditedResource[]
  /** Samples of an accepted push that were refused; `resources` are the first of their elements. */
  readonly samples?: number
  /** A key, user or version of the access rules: `key:line-1`. */
  readonly subject?: string
  /** `2/3`: the second of three records of one commit. */
  readonly part?: string
  /** How often it happened within some seconds; absent: once. */
  readonly count?: number
  /** The last audit entry that was removed. */
  readonly trimmed?: { readonly number: number; readonly hash: string }
}

/** What was done to one document, or to parts of it. */
export interface AuditedResource {
  readonly action: 'create' | 'replace' | 'delete' | 'value' | 'samples' | 'attach' | 'detach'
  readonly kind: DocumentKind
  readonly id: string
  /** idShortPaths of elements, names of files; absent: the document. */
  readonly paths?: readonly string[]
  /** Further ones that are not listed. */
  readonly more?: number
  readonly samples?: number
  /** Values as JSON, by path; only where `AUDIT_VALUES` is set. */
  readonly values?: Readonly<Record<string, unknown>>
}

/** Who did something, and by which request. */
export interface AuditContext {
  readonly caller: Caller
  readonly operation: string
  readonly request?: string
  readonly path?: string
}

/** Paths of a resource that are listed. */
const MAX_PATHS = 100
const MAX_PATH_LENGTH = 500

export function contextMembers({ caller, operation, request, path }: AuditContext) {
  return {
    ...callerMembers(caller),
    ...(request !== undefined && { request }),
    operation,
    ...(path !== undefined && { path: path.slice(0, MAX_PATH_LENGTH) })
  }
}

function callerMembers({ name, authentication, source }: Caller) {
  return { caller: name, authentication, ...(source !== undefined && { source }) }
}

/** The same as JSON text without braces: a record comes with each write, and half of its text is that of its caller. */
export function contextText({ caller, operation, request, path }: AuditContext): string {
  const ofRequest = request === undefined ? '' : `,"request":${JSON.stringify(request)}`
  const ofPath = path === undefined ? '' : `,"path":${JSON.stringify(path.slice(0, MAX_PATH_LENGTH))}`
  return `${callerText(caller)}${ofRequest},"operation":${JSON.stringify(operation)}${ofPath}`
}

const callerTexts = new WeakMap<Caller, string>()

function callerText(caller: Caller): string {
  const known = callerTexts.get(caller)
  if (known !== undefined) return known
  const text = JSON.stringify(callerMembers(caller)).slice(1, -1)
  callerTexts.set(caller, text)
  return text
}

interface Gathered {
  readonly action: AuditedResource['action']
  readonly kind: DocumentKind
  readonly id: string
  readonly paths: string[]
  samples: number
  readonly values: Record<string, unknown>
}

/** What the changes of a commit do, by document. @param hasValues also which values are written */
export function resourcesOf(changes: readonly Change[], hasValues: boolean): AuditedResource[] {
  const gathered = new Map<string, Gathered>()
  let last: Gathered | undefined
  const at = (action: Gathered['action'], kind: DocumentKind, id: string): Gathered => {
    if (last === undefined || last.action !== action || last.kind !== kind || last.id !== id)
      last = find(action, kind, id)
    return last
  }
  const find = (action: Gathered['action'], kind: DocumentKind, id: string): Gathered => {
    const key = `${action} ${kind} ${id}`
    const known = gathered.get(key)
    if (known !== undefined) return known
    const added: Gathered = { action, kind, id, paths: [], samples: 0, values: {} }
    gathered.set(key, added)
    return added
  }
  for (const change of changes) {
    switch (change.change) {
      case 'create':
      case 'delete':
        at(change.change, change.kind, change.id)
        break
      case 'replace': {
        const { kind, id, touched = [], subtreeAction } = change
        at(subtreeAction === undefined ? 'replace' : actions[subtreeAction], kind, id).paths.push(...touched)
        break
      }
      case 'value':
      case 'samples': {
        const resource = at(change.change, 'Submodel', change.submodel)
        resource.paths.push(change.path)
        if (change.change === 'samples') resource.samples += change.count
        if (hasValues) resource.values[change.path] = JSON.parse(change.value)
        break
      }
      case 'attach':
        at('attach', change.kind, change.id).paths.push(...change.files.map(({ name }) => name))
        break
      case 'detach':
        at('detach', change.kind, change.id).paths.push(...change.names)
    }
  }
  return [...gathered.values()].map(toResource)
}

const actions = { created: 'create', deleted: 'delete' } as const

function toResource({ action, kind, id, paths, samples, values }: Gathered): AuditedResource {
  return {
    action,
    kind,
    id,
    ...(paths.length > 0 && { paths: paths.slice(0, MAX_PATHS) }),
    ...(paths.length > MAX_PATHS && { more: paths.length - MAX_PATHS }),
    ...(samples > 0 && { samples }),
    ...(Object.keys(values).length > 0 && { values })
  }
}

/** The rights that resources were changed with (Part 4). */
export function rightsUsed(resources: readonly AuditedResource[]): Right[] {
  return [...new Set(resources.map(rightUsed))]
}

function rightUsed({ action, paths }: AuditedResource): Right {
  if (action === 'create') return 'CREATE'
  // A part of a document that is deleted is one, too.
  return action === 'delete' || (action === 'detach' && paths !== undefined) ? 'DELETE' : 'UPDATE'
}
