/** The verb for the documents that a supplier hands in. */
import { existsSync } from 'node:fs'
import { VERSION } from '../app/version.ts'
import { type Clock, systemClock } from '../clock.ts'
import type { MachineDocuments, OriginOptions } from '../commands/document-origins.ts'
import type { Config } from '../config/config.ts'
import { HubError } from '../errors.ts'
import type { ReportLanguage } from '../operations/report-language.ts'
import type { CliVerb } from './verb.ts'

export const documents: CliVerb = {
  does: 'writes the documents of machines: guide, tables, data and interface definition, collection points, pre-verification report, check list',
  usage: `[FILE…|SHELL…] --output FOLDER [--documents NAME,…] [--format docx,xlsx,html,pdf] [--language en|ko]
       [--url URL [--token-file FILE] | --data-dir FOLDER [--collection-plan FILE]]
         NAME: guide, guide-tables, data-definition, interface-definition, collection-points, pre-verification, checklist
         of the shells in files, or of the shells of a hub that are named by their identifiers, or of all`,
  settings: /^(DATA_DIR|MONGODB_.*|API_PREFIX|COLLECTION_PLAN|CHROMIUM)$/,
  run: write,
  takesFiles: true
}

async function write(config: Config, extra: ReadonlyMap<string, string>, words: readonly string[]): Promise<void> {
  const { writeDocuments } = await import('../commands/documents.ts')
  const chromium = config.CHROMIUM === '' ? undefined : config.CHROMIUM
  await writeDocuments({
    ...{ flags: extra, words, chromium },
    machines: (named, language) => machinesOf(config, extra, named, { language, chromium })
  })
}

async function* machinesOf(
  config: Config,
  extra: ReadonlyMap<string, string>,
  words: readonly string[],
  asked: { readonly language: ReportLanguage; readonly chromium: string | undefined },
  clock: Clock = systemClock
): AsyncGenerator<MachineDocuments> {
  const { machinesOfFiles, machinesOfHub } = await import('../commands/document-origins.ts')
  const { areFiles } = await import('../commands/documents.ts')
  const { hubAddressOf } = await import('../commands/hub-request.ts')
  const options: OriginOptions = { ...asked, clock, version: VERSION }
  if (areFiles(words)) return yield* machinesOfFiles(words, options)
  const hub = await hubAddressOf(extra)
  if (hub !== undefined) return yield* machinesOfHub(hub, config.API_PREFIX, words, options)
  yield* machinesOfDirectory(config, words, options)
}

async function* machinesOfDirectory(
  config: Config,
  ids: readonly string[],
  options: OriginOptions
): AsyncGenerator<MachineDocuments> {
  if (config.MONGODB_URL === '' && !existsSync(config.DATA_DIR))
    throw new HubError('NotFound', ['The data directory', config.DATA_DIR])
  const { machinesOfStore } = await import('../commands/document-origins.ts')
  const { openStore } = await import('../app/open-store.ts')
  const { openCollection, readPlanOrigin } = await import('../app/collection.ts')
  const plan = await readPlanOrigin(config)
  const store = await openStore(config)
  const failed = (error: unknown) => console.error((error as Error).message)
  const collection = openCollection(store, plan, { clock: options.clock, failed })
  try {
    yield* machinesOfStore(store, ids, collection?.figures, options)
  } finally {
    await collection?.figures.stop()
    await store.close()
  }
}
