/**
 * Schemas of the published submodel templates, for scripts/derive.ts. The templates are not part of the repository;
 * without them nothing is derived, and the schemas on disk are kept.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Schema, TemplateSource } from '../src/formats/templates/schema.ts'
import { schemasOfTemplate } from '../src/formats/templates/schema-of.ts'
import { semanticIdsOf } from '../src/formats/templates/semantic-ids.ts'
import type { Submodel } from '../src/model/types.ts'

/** Directory of the published templates, or undefined if absent. */
export function templatesDirectory(): string | undefined {
  const directory = fileURLToPath(new URL('../../shared/templates', import.meta.url))
  return existsSync(directory) ? directory : undefined
}

/** A published template and its origin. */
export interface Published {
  /** Relative to the directory of templates. */
  readonly file: string
  readonly submodel: Submodel
  readonly source: TemplateSource
  /** Base name of its schema files: `digital-nameplate-3.0.1`. */
  readonly slug: string
}

/**
 * One file for each form of each template, paths relative to the project's root.
 * @param log receives the reason if there is nothing to derive
 */
export function deriveTemplates(log: (message: string) => void = console.log): { path: string; text: string }[] {
  const directory = templatesDirectory()
  if (directory === undefined) {
    log('schemas/submodels: skipped, the published templates are not at hand')
    return []
  }
  return published(directory).flatMap(({ submodel, source, slug }) => {
    const { normal, value } = schemasOfTemplate(submodel, source)
    return [
      { path: `schemas/submodels/${slug}.json`, text: toText(normal) },
      { path: `schemas/submodels/${slug}.value.json`, text: toText(value) }
    ]
  })
}

/** All templates below a directory; of files with equal rules the first. */
export function published(directory: string): Published[] {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.json'))
  const found: Published[] = []
  // The plain file of a template comes before its variants.
  for (const file of files.sort((one, other) => one.length - other.length || (one < other ? -1 : 1))) {
    const { submodels } = JSON.parse(readFileSync(join(directory, file), 'utf8')) as { submodels: Submodel[] }
    for (const submodel of submodels.filter(({ kind }) => kind === 'Template')) {
      const folder = dirname(file)
      const plain = found.find((other) => dirname(other.file) === folder)
      const version = versionOf(file, submodel)
      const source: TemplateSource = { publication: publicationOf(file), version, licence: 'CC BY 4.0' }
      if (plain === undefined) found.push({ file, submodel, source, slug: `${folder}-${version}` })
      else if (!asksTheSame(plain.submodel, submodel)) {
        const variant = difference(plain.file, file)
        found.push({ file, submodel, source: { ...source, variant }, slug: `${folder}-${variant}-${version}` })
      }
    }
  }
  return found.sort((one, other) => (one.slug < other.slug ? -1 : 1))
}

/** One definition per line: readable in a diff, and half the size of indented text. */
function toText({ $defs, ...schema }: Schema): string {
  const definitions = Object.entries(($defs ?? {}) as Schema).map(
    ([name, held]) => `    ${JSON.stringify(name)}: ${JSON.stringify(held)}`
  )
  const members = Object.entries(schema).map(([name, held]) => `  ${JSON.stringify(name)}: ${JSON.stringify(held)}`)
  return `{\n${[...members, `  "$defs": {\n${definitions.join(',\n')}\n  }`].join(',\n')}\n}\n`
}

/** `IDTA_02006-3-0-1_Template_…` → `IDTA 02006`; a single number after it is a part: `IDTA 02038-1`. */
function publicationOf(file: string): string {
  const [, number = '', part] = /IDTA_(\d{5})(?:[-_](\d+)(?=_))?/.exec(basename(file)) ?? []
  return `IDTA ${part === undefined ? number : `${number}-${part}`}`
}

/** From the file name, which contains releases missing in the submodel; else from the submodel, else its semanticId. */
function versionOf(file: string, submodel: Submodel): string {
  const [, inName] = /IDTA_\d{5}[-_](\d+(?:-\d+)+)/.exec(basename(file)) ?? []
  if (inName !== undefined) return inName.replaceAll('-', '.')
  const { version, revision = '0' } = submodel.administration ?? {}
  if (version !== undefined) return `${version}.${revision}`
  const [, major, minor] = /\/(\d+)\/(\d+)(?:\/|$)/.exec(semanticIdsOf(submodel).main?.[0] ?? '') ?? []
  return major === undefined ? '1.0' : `${major}.${minor}`
}

function asksTheSame(one: Submodel, other: Submodel): boolean {
  const asked = (submodel: Submodel): string => JSON.stringify(schemasOfTemplate(submodel, {}))
  return asked(one) === asked(other)
}

/** The word in which two file names differ. */
function difference(plain: string, other: string): string {
  const wordsOf = (file: string): string[] => basename(file, '.json').split('_')
  const known = new Set(wordsOf(plain))
  const words = wordsOf(other).filter((word) => !known.has(word))
  return words
    .join('-')
    .replace(/([a-z])([A-Z])/g, '$1-$2')
    .toLowerCase()
}
