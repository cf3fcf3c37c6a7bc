/** The package of a machine checked by the rules of the acceptance test. */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { ConceptDescription } from '../../model/types.ts'
import { checkFile } from '../../operations/conformance/check-file.ts'
import { shippedProfile } from '../../operations/conformance/load-profile.ts'
import { withInspectedFile } from '../../operations/conformance/open-file.ts'
import { DEFAULT_ID_BASE, makeReferenceModel } from '../../operations/conformance/reference-model/reference-model.ts'
import type { ReportLanguage } from '../../operations/report-language.ts'
import { serializeEnvironment } from '../../operations/serialization.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import { concurrencyLimit } from '../concurrency-limit.ts'
import { type Machine, machineName } from './machine.ts'
import type { Verification } from './material.ts'

const PROFILE = 'kosmo'

const MAX_RUNNING = 2
/** All documents of a package are in memory while it is checked. */
const limited = concurrencyLimit(
  MAX_RUNNING,
  `${MAX_RUNNING} packages are being verified already; try again in a moment`
)

/**
 * What the hub would deliver of a stored machine: of an instance the reference model, of a type the machine as it is.
 * @param store as the caller may read it @param folder for temporary files
 * @throws HubError with one sentence where no package can be made of it
 */
export function verifyStored(
  store: DocumentStore,
  machine: Machine,
  language: ReportLanguage,
  folder: string
): Promise<Verification> {
  return limited(() => verifyExported(store, machine, language, folder))
}

async function verifyExported(
  store: DocumentStore,
  machine: Machine,
  language: ReportLanguage,
  folder: string
): Promise<Verification> {
  const scratch = await mkdtemp(join(folder, 'verification-'))
  try {
    const isInstance = machine.shell.assetInformation?.assetKind !== 'Type'
    const stored = join(scratch, 'stored.aasx')
    const selection = {
      aasIds: [machine.shell.id],
      submodelIds: machine.submodels.map(({ id }) => id),
      includeConceptDescriptions: true
    }
    const release = isInstance ? '3.1' : '3.0'
    const { stream } = await serializeEnvironment({ store }, selection, { format: 'aasx', inside: 'xml', release })
    await pipeline(stream, createWriteStream(stored))
    const name = `${machineName(machine)}.aasx`
    if (!isInstance) return { ...(await verifyFile(stored, language, name)), origin: 'exported' }
    const model = join(scratch, 'model.aasx')
    const profile = shippedProfile(PROFILE)
    const dictionary = (id: string) => conceptIn(store, id)
    const { report } = await makeReferenceModel(stored, model, {
      ...{ profile, language, dictionary },
      idBase: DEFAULT_ID_BASE
    })
    return { report: { ...report, file: name }, file: await fileFacts(model, name), origin: 'reference-model' }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** @throws HubError as `withInspectedFile` */
export async function verifyFile(path: string, language: ReportLanguage, name: string): Promise<Verification> {
  const profile = shippedProfile(PROFILE)
  const report = await withInspectedFile(path, { fileName: name }, (file) => checkFile(file, profile, language))
  return { report, file: await fileFacts(path, name), origin: 'given' }
}

async function fileFacts(path: string, name: string): Promise<Verification['file']> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return { name, size: (await stat(path)).size, sha256: hash.digest('hex') }
}

async function conceptIn(store: DocumentStore, id: string): Promise<ConceptDescription | undefined> {
  const found = await store.document('ConceptDescription', id)
  return found && (JSON.parse(found.bytes.toString()) as ConceptDescription)
}
