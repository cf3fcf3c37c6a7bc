import type { Schema } from './schema.ts'

/**
 * A schema as components of an OpenAPI document (3.1, whose schemas are JSON Schemas of the same draft), as JSON text:
 * `{ "components": { "schemas": { … } } }`. Definitions become components of their own, below the main one's name.
 */
export function toOpenApi(schema: Schema, name: string): string {
  const main = componentName(name)
  const nameOf = (definition: string): string => `${main}.${componentName(definition)}`
  const moved = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(moved)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([keyword, held]) => [
        keyword,
        keyword === '$ref' && typeof held === 'string' ? reference(held, main, nameOf) : moved(held)
      ])
    )
  }
  // An $id would make the references in it relative to itself.
  const { $defs = {}, $id: _, $schema: __, ...rest } = schema
  const definitions = Object.entries($defs as Schema).map(([definition, held]) => [nameOf(definition), moved(held)])
  const schemas = Object.fromEntries([[main, moved(rest)], ...definitions])
  return `${JSON.stringify({ components: { schemas } }, null, 2)}\n`
}

function reference(held: string, main: string, nameOf: (definition: string) => string): string {
  if (held === '#') return `#/components/schemas/${main}`
  const [, definition] = /^#\/\$defs\/(.+)$/.exec(held) ?? []
  return definition === undefined ? held : `#/components/schemas/${nameOf(decodeURIComponent(definition))}`
}

/** The names that OpenAPI allows. */
function componentName(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]/g, '_')
}
