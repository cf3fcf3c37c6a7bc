/** A schema as TypeScript types, for programs that use a submodel. */

import { resolveRef, type Schema } from './schema.ts'
import { UniqueNames } from './unique-names.ts'

/**
 * One exported type for the schema and one for each definition it needs. Rules that TypeScript cannot express (patterns,
 * counts, ranges) are left out; other members stay allowed.
 * @param name of the main type; converted to an identifier
 */
export function toTypeScript(schema: Schema, name: string): string {
  const writer = new TypeWriter(schema, identifier(name))
  return writer.text()
}

class TypeWriter {
  readonly #root: Schema
  readonly #main: string
  readonly #names = new Map<string, string>()
  readonly #written = new Map<string, string>()
  readonly #free = new UniqueNames((name) => this.#written.has(name), '')

  constructor(root: Schema, main: string) {
    this.#root = root
    this.#main = main
  }

  text(): string {
    this.#written.set(this.#main, '')
    const main = this.#type(this.#root, '')
    this.#written.set(this.#main, main)
    return [...this.#written].map(([name, type]) => `export type ${name} = ${type}\n`).join('\n')
  }

  #type(schema: unknown, indent: string): string {
    if (typeof schema !== 'object' || schema === null) return 'unknown'
    const { $ref, anyOf, allOf, type, properties, patternProperties, additionalProperties, items } = schema as Schema
    const known = schema as Schema
    if (typeof $ref === 'string') return this.#reference($ref)
    if (known.const !== undefined) return JSON.stringify(known.const)
    // A nested rule narrows the type.
    const choices = known.enum ?? (allOf as Schema[] | undefined)?.find((part) => part.enum !== undefined)?.enum
    if (Array.isArray(choices)) return choices.map((value) => JSON.stringify(value)).join(' | ')
    if (type === 'array' || items !== undefined) return this.#list(items, indent)
    if (type === 'object' || properties !== undefined || patternProperties !== undefined) {
      return this.#object(known, indent)
    }
    if (type === undefined && Array.isArray(anyOf)) return this.#union(anyOf, indent)
    if (type === undefined && additionalProperties === undefined) return 'unknown'
    return (Array.isArray(type) ? type : [type]).map(plain).join(' | ')
  }

  #object(
    { properties = {}, patternProperties = {}, additionalProperties, required = [] }: Schema,
    indent: string
  ): string {
    const inner = `${indent}  `
    const mandatory = new Set(required as readonly string[])
    const lines = Object.entries(properties as Schema).map(([name, schema]) => {
      const mark = mandatory.has(name) ? '' : '?'
      return `${inner}${isIdentifier(name) ? name : JSON.stringify(name)}${mark}: ${this.#type(schema, inner)}`
    })
    // TypeScript has no pattern as key; other members need an index signature.
    const isTyped = typeof additionalProperties === 'object' && Object.keys(properties as Schema).length === 0
    const isOpen = additionalProperties !== false || Object.keys(patternProperties as Schema).length > 0
    if (isTyped) lines.push(`${inner}[name: string]: ${this.#type(additionalProperties, inner)}`)
    else if (isOpen) lines.push(`${inner}[name: string]: unknown`)
    return lines.length === 0 ? 'Record<string, never>' : `{\n${lines.join('\n')}\n${indent}}`
  }

  /** In the Normal form conditions distinguish the items: any of their types, or any other object. */
  #list(items: unknown, indent: string): string {
    const conditions = (items as Schema | undefined)?.allOf as Schema[] | undefined
    if (conditions === undefined) return `Array<${this.#type(items, indent)}>`
    const kinds = conditions.flatMap((condition) => (condition.then === undefined ? [] : [condition.then]))
    return `Array<${this.#union([...kinds, { type: 'object' }], indent)}>`
  }

  #union(schemas: readonly unknown[], indent: string): string {
    return [...new Set(schemas.map((schema) => this.#type(schema, indent)))].join(' | ')
  }

  #reference(reference: string): string {
    const known = this.#names.get(reference)
    if (known !== undefined) return known
    const target = resolveRef(this.#root, reference)
    if (target === undefined) return 'unknown'
    if (target === this.#root) return this.#main
    const base = identifier(decodeURIComponent(reference.replace('#/$defs/', '')))
    const name = this.#free.find(base)
    this.#names.set(reference, name)
    this.#written.set(name, '')
    this.#written.set(name, this.#type(target, ''))
    return name
  }
}

function plain(type: unknown): string {
  switch (type) {
    case 'integer':
      return 'number'
    case 'string':
    case 'number':
    case 'boolean':
    case 'null':
      return type
    default:
      return 'unknown'
  }
}

function isIdentifier(name: string): boolean {
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name)
}

/** `Nameplate.Markings.Markings-item` → `NameplateMarkingsMarkingsItem`. */
function identifier(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== '')
  const joined = words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join('')
  return /^[A-Za-z]/.test(joined) ? joined : `Submodel${joined}`
}
