/** Verbs for files in the formats of the standard. */
import { existsSync } from 'node:fs'
import type { LocalHub } from '../commands/local-hub.ts'
import type { Config } from '../config/config.ts'
import type { CliVerb } from './verb.ts'

export const validate: CliVerb = {
  does: 'reports what is wrong with FILE…: AASX, XML, JSON, NDJSON; --profile for the rules of an acceptance test; needs no hub',
  usage: `[--format text|json] FILE…
       aas-hub validate --profile kosmo|kosmo-2025|idta|PROFILE.json [--language en|ko] [--format text|json] FILE…`,
  settings: /^(TEMPLATE|SCHEMAS)/,
  run: validateFile,
  takesFiles: true
}

export const repair: CliVerb = {
  does: 'repairs what has one right answer by the rules of --profile into another file, lists each change and what is left',
  usage: `--profile kosmo|kosmo-2025|PROFILE.json FILE --output FILE [--inside xml|json] [--language en|ko]
       [--format text|json] [--url URL [--token-file FILE] | --data-dir FOLDER]
         missing ConceptDescriptions are those of the hub, else drafts`,
  settings: /^(DATA_DIR|MONGODB_|API_PREFIX)/,
  run: repairFile,
  takesFiles: true
}

export const exportVerb: CliVerb = {
  does: 'writes shells with their submodels, or everything, into a file; from the data directory, or --url of a running hub',
  usage: `--output FILE [--format aasx|json|xml] [--inside xml|json] [--version 3.1|3.0]
       [--url URL [--token-file FILE] | --data-dir FOLDER] [ID…]
       aas-hub export --reference-model --output FILE.aasx [--id-base IRI] [--thumbnail PICTURE] [--inside xml|json]
       [--language en|ko] [--json] [--url URL [--token-file FILE] | --data-dir FOLDER] [SHELL…]
         makes of instances the reference model of the Korean programme, and checks it by the profile kosmo`,
  settings: /^(DATA_DIR|MONGODB_|API_PREFIX)/,
  run: exportFile,
  takesFiles: true
}

export const instantiate: CliVerb = {
  does: 'makes a machine of a reference model: ids of its own, operational data ready for samples; into a file, or --url of a running hub',
  usage: `FILE --id-base IRI [--serial NUMBER] (--output FILE | --url URL [--token-file FILE]) [--language en|ko] [--json]`,
  settings: /^API_PREFIX$/,
  run: instantiateFile,
  takesFiles: true
}

async function validateFile(
  config: Config,
  extra: ReadonlyMap<string, string>,
  files: readonly string[]
): Promise<void> {
  const { readTemplates } = await import('../app/load-templates.ts')
  const { validateFiles } = await import('../commands/validate-report.ts')
  const { validateByProfile } = await import('../commands/conformance-report.ts')
  const isValid = await (extra.has('profile') ? validateByProfile : validateFiles)(extra, files, readTemplates(config))
  if (!isValid) process.exitCode = 1
}

async function repairFile(config: Config, extra: ReadonlyMap<string, string>, files: readonly string[]): Promise<void> {
  const { repairByProfile } = await import('../commands/repair.ts')
  const conforms = await repairByProfile(extra, files, localHub(config))
  if (!conforms) process.exitCode = 1
}

async function exportFile(config: Config, extra: ReadonlyMap<string, string>, ids: readonly string[]): Promise<void> {
  if (!extra.has('reference-model')) {
    const { exportDocuments } = await import('../commands/export.ts')
    return exportDocuments(extra, ids, localHub(config))
  }
  const { exportReferenceModel } = await import('../commands/reference-model.ts')
  const conforms = await exportReferenceModel(extra, ids, localHub(config))
  if (!conforms) process.exitCode = 1
}

async function instantiateFile(
  config: Config,
  extra: ReadonlyMap<string, string>,
  files: readonly string[]
): Promise<void> {
  const { instantiateModel } = await import('../commands/instantiate.ts')
  await instantiateModel(extra, files, localHub(config))
}

/** The hub that the settings name; its store is opened only if it exists, as opening would make one. */
function localHub(config: Config): LocalHub {
  return {
    apiPrefix: config.API_PREFIX,
    directory: config.DATA_DIR,
    openStore: async () => {
      if (config.MONGODB_URL === '' && !existsSync(config.DATA_DIR)) return undefined
      const { openStore } = await import('../app/open-store.ts')
      return openStore(config)
    }
  }
}
