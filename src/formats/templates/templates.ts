/**
 * Checks submodels against the templates that their semanticIds name. Each template is a JSON Schema; Ajv decides, and
 * only refused submodels are walked again for messages. Compiled on first use: a hub needs few of the known templates.
 */
import { hash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ValidateFunction } from 'ajv/dist/2020.js'
import type { Submodel } from '../../model/types.ts'
import { compile } from './ajv.ts'
import { explain } from './explain.ts'
import { type TemplateFinding, toFinding } from './findings.ts'
import type { Schema } from './schema.ts'
import { canonicalId, type SemanticId, semanticIdsOf } from './semantic-ids.ts'
import { versionIn } from './template-version.ts'

export type { TemplateFinding } from './findings.ts'

/** A known template. */
export interface KnownTemplate {
  /** The `$id` of the schema for the Normal form. */
  readonly id: string
  readonly name: string
  readonly version: string | undefined
  readonly semanticIds: readonly SemanticId[]
  readonly normal: Schema
  /** For the ValueOnly form, if there is one. */
  readonly value: Schema | undefined
}

export interface Templates {
  readonly all: readonly KnownTemplate[]
  /** Of all schemas, to tell whether a result is still up to date. */
  readonly digest: string
  /**
   * The templates that a submodel names by its semanticId, or else by a supplemental one. The id must be equal, in any
   * spelling: another version is another template. A template published in variants has several schemas with one id.
   */
  applicable(submodel: Submodel): readonly KnownTemplate[]
  /**
   * Checks a submodel against the template that it names. It must satisfy one of several variants; findings are
   * reported for the nearest. Templates themselves are not checked.
   * @returns at most `limit` findings; none if the submodel names no known template
   */
  check(submodel: Submodel, options?: { readonly limit?: number }): TemplateFinding[]
  /** The same, with the template it was checked against: of several variants the one that fits, or the nearest. */
  evaluate(submodel: Submodel, options?: { readonly limit?: number }): TemplateResult
  /** Compiles every schema now. @throws Error if one is not valid */
  compile(): void
}

export interface TemplateResult {
  /** Undefined if the submodel names no known template. */
  readonly template: KnownTemplate | undefined
  readonly findings: readonly TemplateFinding[]
}

/**
 * Templates from schemas, or from the `.json` files below a directory (`….value.json` are for the ValueOnly form).
 * A hand-written schema names its semanticIds in `$id`, or in `examples: [{ semanticId: … }]`.
 * @throws Error naming the file that is not a JSON Schema or names no semanticId
 */
export function templatesFrom(source: string | readonly Schema[]): Templates {
  const all = pair(typeof source === 'string' ? readSchemas(source) : source)
  const byId = new Map<string, KnownTemplate[]>()
  for (const template of all) {
    for (const id of new Set(template.semanticIds.map(canonicalId))) byId.set(id, [...(byId.get(id) ?? []), template])
  }
  const compiled = new Map<KnownTemplate, ValidateFunction>()
  const satisfies = (template: KnownTemplate): ValidateFunction => {
    const known = compiled.get(template) ?? compile(template.normal)
    compiled.set(template, known)
    return known
  }
  let digest: string | undefined
  const templates: Templates = {
    all,
    get digest() {
      digest ??= hash('sha256', JSON.stringify(all.map(({ normal }) => normal)))
      return digest
    },
    applicable(submodel) {
      const { main, more } = semanticIdsOf(submodel)
      for (const id of [...(main === undefined ? [] : [main]), ...more]) {
        const found = byId.get(canonicalId(id))
        if (found !== undefined) return found
      }
      return []
    },
    check(submodel, options) {
      return [...templates.evaluate(submodel, options).findings]
    },
    evaluate(submodel, { limit = 20 } = {}) {
      let nearest: TemplateResult = { template: undefined, findings: [] }
      if (submodel.kind === 'Template') return nearest
      for (const template of templates.applicable(submodel)) {
        const accepts = satisfies(template)
        if (accepts(submodel)) return { template, findings: [] }
        const findings = explain(template.normal, submodel, limit).map((failure) =>
          toFinding(submodel, template, failure)
        )
        if (findings.length === 0) findings.push(unexplained(template, accepts))
        if (nearest.template === undefined || findings.length < nearest.findings.length)
          nearest = { template, findings }
      }
      return nearest
    },
    compile() {
      for (const template of all) satisfies(template)
    }
  }
  return templates
}

/** For a hand-written schema that refuses a submodel by a keyword unknown to {@link explain}. */
function unexplained({ id, name }: KnownTemplate, { errors }: ValidateFunction): TemplateFinding {
  const [first] = errors ?? []
  const text = first?.message ?? 'does not fit'
  return {
    pointer: first?.instancePath ?? '',
    rule: first?.keyword ?? 'schema',
    text: `${name} refuses what stands here: it ${text}`,
    schema: id,
    template: name,
    asks: text,
    found: 'something else',
    hint: 'change it'
  }
}

/** The `.json` files below a directory. @throws Error naming the file that is not a JSON object */
export function readSchemas(directory: string): Schema[] {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.json'))
  return files.sort().map((file) => {
    const path = join(directory, file)
    try {
      const schema: unknown = JSON.parse(readFileSync(path, 'utf8'))
      if (typeof schema === 'object' && schema !== null && !Array.isArray(schema)) return schema as Schema
    } catch (error) {
      throw new Error(`${path} is not a JSON Schema: ${(error as Error).message}`)
    }
    throw new Error(`${path} is not a JSON Schema: it holds no object`)
  })
}

/** Pairs the schemas for the two forms of each template. */
function pair(schemas: readonly Schema[]): KnownTemplate[] {
  const values = new Map<string, Schema>()
  for (const schema of schemas) if (isForValues(schema)) values.set(normalIdOf(String(schema.$id)), schema)
  return schemas
    .filter((schema) => !isForValues(schema))
    .map((schema) => {
      const id = String(schema.$id ?? '')
      const semanticIds = semanticIdsIn(schema)
      if (semanticIds.length === 0)
        throw new Error(`The schema "${schema.title ?? id}" names no semanticId that it is for`)
      const name = typeof schema.title === 'string' ? schema.title : id
      return { id, name, version: versionIn(schema), semanticIds, normal: schema, value: values.get(id) }
    })
}

const FOR_VALUES = /([?&])content=value$/

function isForValues({ $id }: Schema): boolean {
  return typeof $id === 'string' && FOR_VALUES.test($id)
}

function normalIdOf(id: string): string {
  return id.replace(FOR_VALUES, '')
}

/** By its examples; else by its `$id`. */
function semanticIdsIn({ $id, examples }: Schema): SemanticId[] {
  const shown = Array.isArray(examples)
    ? examples.flatMap((example: object | null) => semanticIdsOf(example ?? {}).main ?? []).map((value) => [value])
    : []
  if (shown.length > 0) return shown
  return typeof $id === 'string' && $id !== '' ? [[$id]] : []
}
