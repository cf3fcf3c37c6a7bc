/**
 * Writes the files that are derived from the code: schemas, API documents, the tables of settings and licences.
 * Run it after changes to the model, an endpoint, a setting or a dependency:
 *
 *   node scripts/derive.ts          writes the files
 *   node scripts/derive.ts --check  fails if a file on disk differs
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { VERSION } from '../src/app/version.ts'
import { metamodelSchema } from '../src/formats/json-schema.ts'
import { asyncApi } from '../src/transports/stream/asyncapi.ts'
import { licencesPage } from './derive-licences.ts'
import { openApiFiles } from './derive-openapi.ts'
import { settingsPage, settingsPageKo } from './derive-settings.ts'
import { deriveTemplates } from './derive-templates.ts'

/** A derived file; the path is relative to the project's root. */
export interface Derived {
  readonly path: string
  readonly text: string
}

/** All derived files in writing order. */
export async function derive(): Promise<Derived[]> {
  return [
    { path: 'schemas/aas-3.1.json', text: toJsonText(metamodelSchema()) },
    ...openApiFiles().map(({ path, value }) => ({ path, text: toJsonText(value) })),
    { path: 'openapi/asyncapi.json', text: toJsonText(asyncApi(VERSION)) },
    { path: 'docs/settings.md', text: settingsPage() },
    { path: 'docs/settings.ko.md', text: settingsPageKo() },
    { path: 'docs/licences.md', text: licencesPage() },
    ...(await deriveTemplates())
  ]
}

/** Equal values give equal texts on every machine; no formatter is involved. */
export function toJsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

/** The paths of derived files that are missing on disk or differ. */
export function stale(files: readonly Derived[]): string[] {
  return files.filter(({ path, text }) => onDisk(path) !== text).map(({ path }) => path)
}

function onDisk(path: string): string | undefined {
  try {
    return readFileSync(locate(path), 'utf8')
  } catch {
    return undefined
  }
}

function locate(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url))
}

if (import.meta.main) {
  const files = await derive()
  const different = stale(files)
  if (process.argv.includes('--check')) {
    for (const path of different) console.error(`${path} is out of date; run npm run derive`)
    if (different.length > 0) process.exitCode = 1
  } else {
    for (const { path, text } of files.filter((file) => different.includes(file.path))) {
      mkdirSync(dirname(locate(path)), { recursive: true })
      writeFileSync(locate(path), text)
      console.log(`wrote ${path}`)
    }
  }
}
