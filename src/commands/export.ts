/** `aas-hub export`: writes what a hub stores into a file, in a release of the metamodel. */
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { HubError } from '../errors.ts'
import type { EnvironmentFormat } from '../formats/environment-source.ts'
import { type MetamodelRelease, releases } from '../formats/releases.ts'
import type { Adaptation } from '../model/downgrade.ts'
import { excerptOf } from '../model/excerpt.ts'
import { targetIdOf } from '../model/facets.ts'
import { encodeId } from '../model/identifier.ts'
import type { AssetAdministrationShell } from '../model/types.ts'
import { type EnvironmentSelection, serializeEnvironment } from '../operations/serialization.ts'
import { writeWhole } from '../operations/whole-file.ts'
import { requireUndamaged } from '../store/damage.ts'
import type { DocumentStore } from '../store/document-store.ts'
import { choiceOf, type LocalHub, type RemoteApi, remoteApi } from './local-hub.ts'

export interface ExportRequest {
  readonly file: string
  readonly format: EnvironmentFormat
  /** Of the document in a package. */
  readonly inside: 'json' | 'xml'
  readonly release: MetamodelRelease
  /** Shells, each with its submodels, and submodels; empty for all of the hub. */
  readonly ids: readonly string[]
  /** Empty `ids` stand for all shells of instances. */
  readonly instances?: true
}

/**
 * Runs the command.
 * @throws HubError with one sentence; then no file is written
 */
export async function exportDocuments(
  flags: ReadonlyMap<string, string>,
  ids: readonly string[],
  local: LocalHub
): Promise<void> {
  const request = parseExport(flags, ids)
  const adaptations = await exportInto(request, flags, local)
  const changed = adaptations === 0 ? '' : `; ${adaptations} places in the form of release ${request.release}`
  console.log(`${request.file} is written in release ${request.release} of the metamodel${changed}`)
}

/**
 * Writes the file, from the hub that the flags name.
 * @returns the number of places that the release says in another way
 * @throws HubError as `exportDocuments`
 */
export async function exportInto(
  request: ExportRequest,
  flags: ReadonlyMap<string, string>,
  local: LocalHub
): Promise<number> {
  const remote = await remoteApi(flags, local)
  if (remote !== undefined) return exportFromHub(remote, request)
  const store = await local.openStore()
  if (store === undefined) throw new HubError('NotFound', ['The data directory', local.directory])
  let adaptations = 0
  try {
    await exportFromStore(store, request, (adaptation) => {
      adaptations++
      console.error(describeAdaptation(adaptation))
    })
  } finally {
    await store.close()
  }
  return adaptations
}

/** @throws HubError `BadRequest` */
function parseExport(flags: ReadonlyMap<string, string>, ids: readonly string[]): ExportRequest {
  const file = flags.get('output')
  if (file === undefined) throw new HubError('BadRequest', ['export needs --output with the file to write'])
  const extension = /\.(?:json|xml)$/i.exec(file)?.[0].slice(1).toLowerCase() ?? 'aasx'
  const format = choiceOf(new Map([['format', extension], ...flags]), 'format', ['aasx', 'json', 'xml'])
  const inside = choiceOf(flags, 'inside', ['xml', 'json'])
  const release = choiceOf(flags, 'version', [...releases])
  return { file, format, inside, release, ids }
}

/**
 * Exports from a store.
 * @param adapted receives what the release says in another way
 * @throws HubError `NotFound` for an id, `Conflict` with all places that the release cannot express; no file is written
 */
async function exportFromStore(
  store: DocumentStore,
  request: ExportRequest,
  adapted: (adaptation: Adaptation) => void
): Promise<void> {
  const ids = await namedIds(request, shellsOfStore(store))
  const selection = await selectionOf(ids, async (id) => {
    const shell = await store.document('AssetAdministrationShell', id)
    if (shell !== undefined) return JSON.parse(shell.bytes.toString()) as AssetAdministrationShell
    return (await store.document('Submodel', id)) === undefined ? undefined : 'Submodel'
  })
  const { stream } = await serializeEnvironment({ store }, selection, { ...request, adapted })
  await writeWhole(request.file, stream)
}

/** A line for the user. */
function describeAdaptation({ pointer, text, rule, was, is }: Adaptation): string {
  const shown = (value: unknown) => (value === undefined ? 'nothing' : excerptOf(value))
  return `${pointer}: ${text} [${rule}]; ${shown(was)} is written as ${shown(is)}`
}

/** Exports from a running hub. @returns the number of adaptations @throws HubError as it refuses */
async function exportFromHub({ api, headers }: RemoteApi, request: ExportRequest): Promise<number> {
  const ids = await namedIds(request, shellsOfHub(api, headers))
  const selection = await selectionOf(ids, async (id) => {
    const shell = await ask(`${api}/shells/${encodeId(id)}`, headers)
    if (shell.ok) return (await shell.json()) as AssetAdministrationShell
    const submodel = await ask(`${api}/submodels/${encodeId(id)}/$metadata`, headers)
    await Promise.all([shell.body?.cancel(), submodel.body?.cancel()])
    return submodel.ok ? 'Submodel' : undefined
  })
  const query = new URLSearchParams({ version: request.release })
  for (const id of selection.aasIds ?? []) query.append('aasIds', encodeId(id))
  for (const id of selection.submodelIds ?? []) query.append('submodelIds', encodeId(id))
  const accept = { json: 'application/json', xml: 'application/xml', aasx: `${PACKAGE}+${request.inside}` }
  const response = await ask(`${api}/serialization?${query}`, { ...headers, accept: accept[request.format] })
  if (!response.ok || response.body === null) throw await refusal(response)
  await writeWhole(request.file, Readable.fromWeb(response.body as ReadableStream))
  return Number(response.headers.get('aas-adaptations') ?? 0)
}

const PACKAGE = 'application/asset-administration-shell-package'

/** @param find the shell of this id, or that it is a submodel */
async function selectionOf(
  ids: readonly string[],
  find: (id: string) => Promise<AssetAdministrationShell | 'Submodel' | undefined>
): Promise<EnvironmentSelection> {
  if (ids.length === 0) return { includeConceptDescriptions: true }
  const aasIds: string[] = []
  const submodelIds = new Set<string>()
  const missing: string[] = []
  for (const id of ids) {
    const found = await find(id)
    if (found === undefined) missing.push(id)
    else if (found === 'Submodel') submodelIds.add(id)
    else {
      aasIds.push(id)
      for (const reference of found.submodels ?? []) {
        const submodel = targetIdOf(reference)
        // A shell may refer to a submodel of another hub.
        if ((await find(submodel)) === 'Submodel') submodelIds.add(submodel)
      }
    }
  }
  if (missing.length > 0) throw new HubError('NotFound', ['A shell or submodel', missing.join('", "')])
  return { aasIds, submodelIds: [...submodelIds], includeConceptDescriptions: true }
}

/** The ids of the request. @throws HubError `NotFound` if it asks for instances, and there is none */
async function namedIds(
  { ids, instances }: ExportRequest,
  shells: AsyncIterable<AssetAdministrationShell>
): Promise<readonly string[]> {
  if (ids.length > 0 || instances === undefined) return ids
  const found: string[] = []
  for await (const { id, assetInformation } of shells) if (assetInformation?.assetKind !== 'Type') found.push(id)
  if (found.length === 0) throw new HubError('NotFound', ['The shell of', 'an instance'])
  return found
}

async function* shellsOfStore(store: DocumentStore): AsyncGenerator<AssetAdministrationShell> {
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page = await store.documents('AssetAdministrationShell', [], { after, limit: SHELLS_PER_READ })
    for (const { bytes } of requireUndamaged(page)) yield JSON.parse(bytes.toString())
    after = page.next
  }
}

const SHELLS_PER_READ = 100

async function* shellsOfHub(api: string, headers: RemoteApi['headers']): AsyncGenerator<AssetAdministrationShell> {
  for (let cursor = ''; ; ) {
    const from = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const response = await ask(`${api}/shells?limit=${SHELLS_PER_READ}${from}`, headers)
    if (!response.ok) throw await refusal(response)
    const { result, paging_metadata } = (await response.json()) as {
      result: AssetAdministrationShell[]
      paging_metadata: { cursor?: string }
    }
    yield* result
    if (paging_metadata.cursor === undefined) return
    cursor = paging_metadata.cursor
  }
}

/** @throws HubError `Unavailable` if no hub answers there */
async function ask(url: string, headers: Readonly<Record<string, string>>): Promise<Response> {
  try {
    return await fetch(url, { headers })
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } }
    throw new HubError('Unavailable', [`No hub answers at ${new URL(url).origin} (${cause?.code ?? 'no connection'})`])
  }
}

async function refusal(response: Response): Promise<HubError> {
  const { messages = [] } = (await response.json().catch(() => ({}))) as { messages?: { text: string }[] }
  const reasons = messages.map(({ text }) => text).join('\n  ')
  return new HubError('BadRequest', [`The hub refuses with ${response.status}: ${reasons}`])
}
