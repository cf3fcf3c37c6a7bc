/** Registers the stored shells and submodels at an external registry, in the background (`--register-at`). */
import { describeShell, describeSubmodel } from '../model/descriptors.ts'
import { targetIdOf } from '../model/facets.ts'
import { encodeId } from '../model/identifier.ts'
import type { AssetAdministrationShell, Submodel } from '../model/types.ts'
import { unlessDamaged } from '../store/damage.ts'
import type { DocumentKind, LogEntry, Store } from '../store/store.ts'
import type { Consumer } from './consumer.ts'

export interface RegistrationOptions {
  /** URL of the registry's API root. */
  readonly registry: string
  /** URL of this hub's API root, for the endpoints. */
  readonly base: string
  readonly failed: Consumer['failed']
}

/** Path below the API root of the registry, by kind. */
const PATHS: Partial<Record<DocumentKind, string>> = {
  AssetAdministrationShell: 'shell-descriptors',
  Submodel: 'submodel-descriptors'
}

const DOCUMENTS_PER_READ = 100

/** A request that hangs must not hold up those behind it. */
const REQUEST_TIMEOUT_MS = 30_000

export function registrationConsumer(registry: string): string {
  return `registration ${registry}`
}

/** The consumer that keeps the external registry up to date. */
export function registration(store: Store, { registry, base, failed }: RegistrationOptions): Consumer {
  return { name: registrationConsumer(registry), handle, resync, failed }

  async function handle(entries: readonly LogEntry[]): Promise<void> {
    // Only the current state counts, so each document is sent once however often it changed.
    const changed = new Map<string, [DocumentKind, string]>()
    for (const change of entries.flatMap((entry) => entry.changes)) {
      if ('kind' in change) changed.set(`${change.kind} ${change.id}`, [change.kind, change.id])
    }
    for (const [kind, id] of changed.values()) await send(kind, id)
  }

  async function resync(): Promise<void> {
    for (const kind of Object.keys(PATHS) as DocumentKind[]) {
      let after: number | undefined = 0
      while (after !== undefined) {
        const page = await store.documents(kind, [], { after, limit: DOCUMENTS_PER_READ })
        for (const { id } of page.items) await send(kind, id)
        after = page.next
      }
    }
  }

  async function send(kind: DocumentKind, id: string): Promise<void> {
    const path = PATHS[kind]
    if (path === undefined) return
    const url = `${registry}/${path}/${encodeId(id)}`
    let isUnreadable = false
    const descriptor = await unlessDamaged(describe(kind, id), () => (isUnreadable = true))
    // The descriptor that is registered for a damaged document is still the best there is.
    if (isUnreadable) return
    if (descriptor === undefined) {
      await request('DELETE', url, undefined, [404])
      return
    }
    // Registries of release 3.0 do not create by PUT.
    const sent = await request('PUT', url, descriptor, [404])
    const created = sent === 404 ? await request('POST', `${registry}/${path}`, descriptor, [409]) : sent
    // It was created by another client meanwhile, so it can be replaced now.
    if (created === 409) await request('PUT', url, descriptor, [])
  }

  async function describe(kind: DocumentKind, id: string): Promise<object | undefined> {
    const document = await store.document(kind, id)
    if (document === undefined) return undefined
    const instance: unknown = JSON.parse(document.bytes.toString())
    if (kind === 'Submodel') return describeSubmodel(instance as Submodel, base)
    const shell = instance as AssetAdministrationShell
    const submodels: Submodel[] = []
    for (const reference of shell.submodels ?? []) {
      const submodel = await store.document('Submodel', targetIdOf(reference))
      if (submodel !== undefined) submodels.push(JSON.parse(submodel.bytes.toString()) as Submodel)
    }
    return describeShell(shell, submodels, base)
  }
}

async function request(
  method: string,
  url: string,
  body: object | undefined,
  expected: readonly number[]
): Promise<number> {
  const response = await fetch(url, {
    method,
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  })
  await response.body?.cancel()
  if (!response.ok && !expected.includes(response.status))
    throw new Error(`${method} ${url} was answered ${response.status}`)
  return response.status
}
