/** Where `aas-hub documents` has its machines from: a file, a store that no hub uses, or a running hub. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import type { Clock } from '../clock.ts'
import { HubError } from '../errors.ts'
import type { PlanAndFigures } from '../operations/collection/collection-points.ts'
import { withInspectedFile } from '../operations/conformance/open-file.ts'
import type { ReportLanguage } from '../operations/report-language.ts'
import { type SuppliedName, suppliedDocuments } from '../reports/document-set/documents.ts'
import { gather, timeText } from '../reports/document-set/gather.ts'
import { loadMachine, type Machine, machineName, machinesIn } from '../reports/document-set/machine.ts'
import { documentFileName, makeDocument } from '../reports/document-set/make-document.ts'
import type { DocumentMaterial } from '../reports/document-set/material.ts'
import { verifyFile } from '../reports/document-set/verification.ts'
import type { DocumentFormat } from '../reports/render/formats.ts'
import { render } from '../reports/render/render.ts'
import { unlessDamaged } from '../store/damage.ts'
import type { Store } from '../store/store.ts'
import { TimeSlice } from '../time-slice.ts'
import { fetchHub, type HubAddress } from './hub-request.ts'

export interface MachineDocuments {
  /** For messages. */
  readonly name: string
  /** @throws HubError in one sentence */
  open(name: SuppliedName, format: DocumentFormat): Promise<WrittenDocument>
}

export interface WrittenDocument {
  readonly fileName: string
  readonly bytes: Readable
}

export interface OriginOptions {
  readonly language: ReportLanguage
  readonly chromium: string | undefined
  readonly clock: Clock
  /** Of the hub. */
  readonly version: string
}

/** @throws HubError `BadRequest` if a file is none of the standard, or has no shell */
export async function* machinesOfFiles(
  paths: readonly string[],
  options: OriginOptions
): AsyncGenerator<MachineDocuments> {
  for (const path of paths) {
    const machines = await withInspectedFile(path, {}, async (file) => machinesIn(file))
    for (const machine of machines) {
      yield documentsOf(machine, options, async (name) => {
        const { needs } = suppliedDocuments[name]
        const verification = 'verification' in needs && (await verifyFile(path, options.language, basename(path)))
        const { language, version } = options
        const material = { machine, language, version, created: timeText(options.clock.milliseconds()) }
        return verification ? { ...material, verification } : material
      })
    }
  }
}

/** @param figures of the collection plan, where there is one @throws HubError `NotFound` for a shell */
export async function* machinesOfStore(
  store: Store,
  ids: readonly string[],
  figures: PlanAndFigures | undefined,
  options: OriginOptions
): AsyncGenerator<MachineDocuments> {
  const scratchFolder = await mkdtemp(join(tmpdir(), 'aas-hub-documents-'))
  try {
    for await (const id of ids.length > 0 ? ids : shellsIn(store)) {
      const slice = new TimeSlice()
      const machine = await loadMachine(store, id, slice)
      const now = options.clock.milliseconds()
      const sources = { store, stored: store, access: undefined, figures, hub: undefined, now, scratchFolder }
      yield documentsOf(machine, options, (name) =>
        gather({ ...sources, version: options.version }, machine, name, options.language, slice)
      )
    }
  } finally {
    await rm(scratchFolder, { recursive: true, force: true })
  }
}

async function* shellsIn(store: Store): AsyncGenerator<string> {
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page: { readonly items: readonly { readonly id: string }[]; readonly next?: number | undefined } =
      await store.documents('AssetAdministrationShell', [], { after, limit: 100 })
    for (const { id } of page.items)
      if ((await unlessDamaged(store.document('AssetAdministrationShell', id))) !== undefined) yield id
    after = page.next
  }
}

function documentsOf(
  machine: Machine,
  { language, chromium }: OriginOptions,
  materialFor: (name: SuppliedName) => Promise<DocumentMaterial>
): MachineDocuments {
  return {
    name: machineName(machine),
    open: async (name, format) => ({
      fileName: documentFileName(name, machine, language, format),
      bytes: await render(makeDocument(name, await materialFor(name)), format, new TimeSlice(), { chromium })
    })
  }
}

/** The hub makes the documents: it knows what is collected, and what the caller may read. @throws HubError as it refuses */
export async function* machinesOfHub(
  hub: HubAddress,
  apiPrefix: string,
  ids: readonly string[],
  { language }: OriginOptions
): AsyncGenerator<MachineDocuments> {
  for await (const id of ids.length > 0 ? ids : shellsOf(hub, apiPrefix)) {
    yield {
      name: id,
      open: async (name, format) => {
        const query = new URLSearchParams({ aasId: id, format, language })
        const response = await fetchHub(hub, 'GET', `/document-set/${name}?${query}`)
        if (response.body === null) throw new HubError('Unavailable', [`${hub.url} sent no document`])
        const [, encoded = `${name}.${format}`] =
          /filename\*=UTF-8''([^;]+)/.exec(response.headers.get('content-disposition') ?? '') ?? []
        const fileName = decodeURIComponent(encoded).replace(/[/\\]/g, '_')
        return { fileName, bytes: Readable.fromWeb(response.body as ReadableStream) }
      }
    }
  }
}

async function* shellsOf(hub: HubAddress, apiPrefix: string): AsyncGenerator<string> {
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const query = new URLSearchParams({ limit: '100', ...(cursor !== '' && { cursor }) })
    const response = await fetchHub(hub, 'GET', `${apiPrefix}/shells?${query}`)
    const page = (await response.json()) as {
      readonly result: readonly { readonly id: string }[]
      readonly paging_metadata: { readonly cursor?: string }
    }
    for (const { id } of page.result) yield id
    cursor = page.paging_metadata.cursor
  }
}
