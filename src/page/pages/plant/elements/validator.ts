/** Checks a value while it is typed: by its XSD type, and by the JSON Schema of its submodel. */
import { type Schema, Validator } from '@cfworker/json-schema'
import { readValueSchema } from '../../../../client/api/elements.ts'
import { hub } from '../../../core/hub.ts'
import { stepsOf } from '../parts/element-tree.ts'
import { elementMessages } from './messages.ts'
import { isLexical } from './xsd.ts'

export interface ValueValidator {
  /** Allowed values, where the schema lists them. */
  readonly choices: readonly string[] | undefined
  /** @param value ValueOnly @returns what is wrong, in the reader's language */
  problemOf(value: unknown): string | undefined
}

/** Without a schema for the element only its type is checked, here; the hub checks all of it. */
export async function openValidator(submodel: string, path: string, valueType?: string): Promise<ValueValidator> {
  const root = (await readValueSchema(hub(), submodel).catch(() => undefined)) as Schema | undefined
  const schema = root && schemaAt(root, path)
  const validator = schema && new Validator({ ...schema, $defs: root.$defs ?? {} }, '2020-12', false)
  const choices = (schema?.enum as unknown[] | undefined)?.map(String)
  return {
    choices,
    problemOf: (value) => {
      const text = elementMessages()
      if (typeof value === 'string' && valueType !== undefined && !isLexical(value, valueType)) {
        return text.expects(valueType)
      }
      const { valid = true, errors = [] } = validator?.validate(value) ?? {}
      if (valid) return undefined
      if (choices !== undefined) return text.notAllowed(choices.join(', '))
      return schema?.title === undefined ? errors.at(-1)?.error : text.expects(schema.title)
    }
  }
}

/** The part of a schema that is about an element. */
function schemaAt(root: Schema, path: string): Schema | undefined {
  let schema: Schema | undefined = resolved(root, root)
  for (const step of stepsOf(path)) {
    const below: unknown =
      typeof step === 'string'
        ? schema?.properties?.[step]
        : ((schema?.prefixItems as unknown[])?.[step] ?? schema?.items)
    schema = typeof below === 'object' && below !== null ? resolved(root, below as Schema) : undefined
  }
  return schema
}

function resolved(root: Schema, schema: Schema): Schema | undefined {
  const [, name] = /^#\/\$defs\/(.+)$/.exec(schema.$ref ?? '') ?? []
  if (name === undefined) return schema
  const found = root.$defs?.[name.replaceAll('~1', '/').replaceAll('~0', '~')]
  return typeof found === 'object' ? found : undefined
}
