/**
 * Validators of the definitions of the schema (json-schema.ts), by name. Each is compiled by itself when a value first needs
 * it: all of them together would hold the thread for a tenth of a second, and most documents need few.
 */
import { Ajv2020 } from 'ajv/dist/2020.js'
import { isLexical } from '../model/datatypes.ts'
import { allEnumerations, allPrimitives, heirsOf } from '../model/fields.ts'
import { definitions, type JsonSchema } from './json-schema.ts'

/** Of what a validator found last. */
interface SchemaError {
  readonly instancePath: string
  readonly keyword: string
  readonly message?: string
}

/** Does a value satisfy the definition? */
export interface SchemaValidator {
  (value: unknown): boolean
  readonly errors?: readonly SchemaError[] | null
}

/** The keyword in place of a reference to a class: its value is the name. */
const CLASS_KEYWORD = 'ofClass'

// Bodies are never coerced and keep all members. Without `unicodeRegExp: false` valid documents would be refused. The
// schema itself is known to be valid, and to check it takes longer than to compile a class.
const ajv = new Ajv2020({ unicodeRegExp: false, strict: true, validateSchema: false, code: { optimize: false } })
ajv.removeKeyword('contentEncoding')
ajv.addKeyword({
  keyword: 'contentEncoding',
  type: 'string',
  schemaType: 'string',
  validate: (_encoding: string, text: string) => isLexical('xs:base64Binary', text)
})
ajv.addKeyword({
  keyword: CLASS_KEYWORD,
  schemaType: 'string',
  errors: false,
  compile: (name: string) => {
    let validator: SchemaValidator | undefined
    return (value: unknown) => {
      validator ??= validatorOf(name)
      return validator(value)
    }
  }
})

const compiled = new Map<string, SchemaValidator>()
type Definitions = ReadonlyMap<string, JsonSchema>

let declared: Definitions | undefined

/** @throws TypeError where there is no such class */
export function validatorOf(name: string): SchemaValidator {
  let validator = compiled.get(name)
  if (validator === undefined) {
    declared ??= new Map(Object.entries(definitions(REFERENCE)))
    const schema = declared.get(name)
    if (schema === undefined) throw new TypeError(`Documents cannot be of the class ${name}`)
    validator = 'discriminator' in schema ? heirValidator(name) : ajv.compile(withoutReferences(schema, declared))
    compiled.set(name, validator)
  }
  return validator
}

/** An abstract class: the value is of the heir that its `modelType` names. */
function heirValidator(name: string): SchemaValidator {
  const heirs = new Map<unknown, SchemaValidator | undefined>(heirsOf(name).map((heir) => [heir, undefined]))
  return (value) => {
    const modelType = (value as { readonly modelType?: unknown } | null | undefined)?.modelType
    if (typeof modelType !== 'string' || !heirs.has(modelType)) return false
    let validator = heirs.get(modelType)
    if (validator === undefined) {
      validator = validatorOf(modelType)
      heirs.set(modelType, validator)
    }
    return validator(value)
  }
}

const REFERENCE = '#/$defs/'

/** A schema with primitive types and enumerations in place of references to them, and {@link CLASS_KEYWORD} for classes. */
function withoutReferences(schema: JsonSchema, all: Definitions): JsonSchema {
  const replaced = Object.entries(schema).map(([name, held]) => {
    if (name !== '$ref') return [name, replacedIn(held, all)]
    return [CLASS_KEYWORD, String(held).slice(REFERENCE.length)]
  })
  const found: JsonSchema = Object.fromEntries(replaced)
  const name = found[CLASS_KEYWORD] as string | undefined
  return name !== undefined && (allPrimitives.has(name) || allEnumerations.has(name)) ? (all.get(name) ?? found) : found
}

function replacedIn(held: unknown, all: Definitions): unknown {
  const isSchema = typeof held === 'object' && held !== null && !Array.isArray(held)
  return isSchema ? withoutReferences(held as JsonSchema, all) : held
}
