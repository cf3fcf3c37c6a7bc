/**
 * Is a submodel what its semanticId claims? Each template is a JSON Schema; Ajv decides, and only what it refuses is
 * walked once more for a message. Compiled when first needed: a hub meets few of the templates that it knows.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ValidateFunction } from 'ajv/dist/2020.js'
import type { Submodel } from '../../model/types.ts'
import { compile } from './compile.ts'
import { explain } from './explain.ts'
import { type TemplateFinding, toFinding } from './findings.ts'
import type { Schema } from './schema.ts'
import { canonicalId, type SemanticId, semanticIdsOf } from './semantic-ids.ts'
import { versionIn } from './template-version.ts'

export type { TemplateFinding } from './findings.ts'

/** A template as the hub knows it. */
export interface KnownTemplate {
  /** The `$id` of the schema for the Normal form. */
  readonly id: string
  readonly name: string
  readonly version: string | undefined
  readonly semanticIds: readonly SemanticId[]
  readonly normal: Schema
  /** For the ValueOnly form, where there is one. */
  readonly value: Schema | undefined
}

export interface Templates {
  readonly all: readonly KnownTemplate[]
  /**
   * The templates that a submodel names by its semanticId, or else by a supplemental one. The id has to be the very
   * one, in any spelling: another version of a template is another template. Several have one id where a template is
   * published in variants.
   */
  applicable(submodel: Submodel): readonly KnownTemplate[]
  /**
   * Holds a submodel against the template that it names. Of several variants it has to satisfy one; what is reported
   * is what the nearest asks for. Templates themselves are not held against anything.
   * @returns at most `limit` findings; none where the submodel names no known template
   */
  check(submodel: Submodel, options?: { readonly limit?: number }): TemplateFinding[]
  /** The same, with the template that was held against it: of several variants the one that fits, or the nearest. */
  evaluate(submodel: Submodel, options?: { readonly limit?: number }): TemplateResult
  /** Compiles everything now, and throws where a schema is none. */
  compile(): void
}

export interface TemplateResult {
  /** Absent where the submodel names none that is known. */
  readonly template: KnownTemplate | undefined
  readonly findings: readonly TemplateFinding[]
}

/**
 * Templates from schemas, or from the `.json` files below a directory (`….value.json` are for the ValueOnly form).
 * A hand-written schema names the semanticIds that it is for in its `$id`, or in `examples: [{ semanticId: … }]`.
 * @throws Error naming the file that is no JSON Schema or names no semanticId
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
  const templates: Templates = {
    all,
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

/** A hand-written schema may use a keyword that explain() does not know; what it refuses stays refused. */
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

/** The `.json` files below a directory. @throws Error naming the file that holds no JSON object */
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

/** Puts the schemas for the two forms of one template together. */
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
