/**
 * A template as JSON Schema for the ValueOnly form (Part 1, "Format ValueOnly"): objects keyed by idShort. The form has no
 * semantic ids and kinds, so only slots with a fixed name can be required, and an element without a value cannot be
 * distinguished from a missing one. Other members are allowed.
 */
import { isBoolean, isNumeric } from '../../model/datatypes.ts'
import type { DataTypeDefXsd } from '../../model/types.ts'
import { allowedWords, countWords, definitionName, languagePattern } from './normal-schema.ts'
import type { NumericRange } from './numeric-ranges.ts'
import type { Cardinality } from './qualifiers.ts'
import { DRAFT, formatRuleComment, type Schema } from './schema.ts'
import type { Slot, SlotGroup, Template } from './template.ts'
import { provenance, schemaId, templateName } from './template-version.ts'
import { UniqueNames } from './unique-names.ts'

export function valueSchema(template: Template): Schema {
  const writer = new ValueSchemaWriter(template)
  return {
    $schema: DRAFT,
    $id: schemaId(template, 'value'),
    $comment: provenance(template),
    title: template.name,
    ...writer.byName(template.children, template.name),
    $defs: { Reference: REFERENCE, ...writer.definitions() }
  }
}

const REFERENCE: Schema = {
  type: 'object',
  properties: {
    type: { enum: ['ExternalReference', 'ModelReference'] },
    keys: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        properties: { type: { type: 'string' }, value: { type: 'string' } },
        required: ['type', 'value']
      }
    }
  },
  required: ['type', 'keys']
}

/** Integers that JSON represents without loss; values of larger types may be strings. */
const SAFE_INTEGERS = new Set<string>(
  ['byte', 'short', 'int', 'unsignedByte', 'unsignedShort', 'unsignedInt'].map((name) => `xs:${name}`)
)

class ValueSchemaWriter {
  readonly #template: Template
  readonly #names = new Map<Slot, string>()
  readonly #schemas = new Map<string, Schema>()
  readonly #free = new UniqueNames((name) => this.#schemas.has(name))
  readonly #texts = new Map<string, string>()
  readonly #recursive = new Set<string>()

  constructor(template: Template) {
    this.#template = template
  }

  definitions(): Schema {
    return Object.fromEntries(this.#schemas)
  }

  byName(groups: readonly SlotGroup[], path: string): Schema {
    const properties: Record<string, Schema> = {}
    const patternProperties: Record<string, Schema> = {}
    const required: string[] = []
    const rules: Schema[] = []
    const alternatives = new Map<string, Slot[]>()
    for (const slot of groups.flatMap(({ slots }) => slots)) {
      const { idShort, cardinality, kind, eitherOr } = slot
      if (idShort.pattern === undefined || kind === 'Capability' || kind === 'Operation') continue
      const isFree = idShort.clause === undefined && cardinality.max === 1
      // Elements that the instance names freely cannot be recognised.
      if (isFree || isNameless(slot)) continue
      const asked = this.#slot(slot, path)
      const fixed = fixedName(slot)
      if (fixed === undefined) patternProperties[idShort.pattern] = either(patternProperties[idShort.pattern], asked)
      else properties[fixed] = either(properties[fixed], asked)
      if (eitherOr.length > 0) {
        for (const name of eitherOr) alternatives.set(name, [...(alternatives.get(name) ?? []), slot])
      } else if (cardinality.min > 0 && idShort.clause !== undefined) {
        if (fixed === undefined) rules.push(this.#some(slot, cardinality))
        else required.push(fixed)
      }
    }
    for (const [name, slots] of alternatives) rules.push(this.#eitherOr(name, slots))
    return {
      type: 'object',
      ...(Object.keys(properties).length > 0 && { properties }),
      ...(Object.keys(patternProperties).length > 0 && { patternProperties }),
      ...(required.length > 0 && { required }),
      ...(rules.length > 0 && { allOf: rules })
    }
  }

  /** At least one member's name must match: not all names fail to match. */
  #some(slot: Slot, { min, max, clause }: Cardinality): Schema {
    const title = `${countWords(min, max)} "${slot.name}"`
    return { ...this.#rule(slot, title, clause), not: { propertyNames: { not: { pattern: slot.idShort.pattern } } } }
  }

  #eitherOr(name: string, slots: readonly Slot[]): Schema {
    const isThere = ({ idShort }: Slot): Schema => ({ not: { propertyNames: { not: { pattern: idShort.pattern } } } })
    const isMandatory = slots.some(({ cardinality }) => cardinality.min > 0)
    const none: Schema = { not: { anyOf: slots.map(isThere) } }
    const words = slots.map(({ name }) => `"${name}"`).join(' or ')
    return {
      ...this.#rule(
        slots[0] as Slot,
        `${isMandatory ? 'exactly' : 'at most'} one of the alternatives ${words}`,
        `SMT/EitherOr=${name}`
      ),
      oneOf: [...slots.map(isThere), ...(isMandatory ? [] : [none])]
    }
  }

  #slot(slot: Slot, parent: string): Schema {
    const above = slot.same && this.#names.get(slot.same)
    if (above !== undefined) {
      this.#recursive.add(above)
      return { $ref: `#/$defs/${above}` }
    }
    const base = `${parent}.${definitionName(slot.name)}`
    const path = this.#free.find(base)
    this.#schemas.set(path, {})
    this.#names.set(slot, path)
    const schema = this.#value(slot, path)
    const text = JSON.stringify(schema)
    const known = this.#texts.get(text)
    // Short and repeated ones are more readable inline.
    if ((known !== undefined || text.length < 120) && !this.#recursive.has(path)) {
      this.#schemas.delete(path)
      this.#free.release(base, path)
      return known === undefined ? schema : { $ref: `#/$defs/${known}` }
    }
    this.#texts.set(text, path)
    this.#schemas.set(path, schema)
    return { $ref: `#/$defs/${path}` }
  }

  #value(slot: Slot, path: string): Schema {
    switch (slot.kind) {
      case 'Property':
        return this.#scalar(slot)
      case 'Range':
        return { type: 'object', properties: { min: this.#scalar(slot), max: this.#scalar(slot) } }
      case 'MultiLanguageProperty':
        return this.#localized(slot)
      case 'File':
      case 'Blob':
        return { type: 'object', properties: { contentType: { type: 'string' }, value: { type: 'string' } } }
      case 'ReferenceElement':
        return { $ref: '#/$defs/Reference' }
      case 'BasicEventElement':
        return { type: 'object', properties: { observed: { $ref: '#/$defs/Reference' } } }
      case 'SubmodelElementCollection':
        return this.byName(slot.children, path)
      case 'SubmodelElementList':
        return this.#list(slot, path)
      case 'Entity':
        return this.#holder(slot, path, 'statements', {
          entityType: { enum: ['CoManagedEntity', 'SelfManagedEntity'] },
          globalAssetId: { type: 'string' },
          specificAssetIds: { type: 'array', items: { type: 'object' } }
        })
      case 'RelationshipElement':
      case 'AnnotatedRelationshipElement':
        return this.#holder(slot, path, 'annotations', {
          first: { $ref: '#/$defs/Reference' },
          second: { $ref: '#/$defs/Reference' }
        })
      default:
        return {}
    }
  }

  #holder({ children }: Slot, path: string, member: string, others: Schema): Schema {
    if (children.length === 0) return { type: 'object', properties: others }
    const inside = this.byName(children, path)
    const isNeeded = inside.required !== undefined || inside.allOf !== undefined
    return { type: 'object', properties: { [member]: inside, ...others }, ...(isNeeded && { required: [member] }) }
  }

  #list({ children }: Slot, path: string): Schema {
    const [only, ...others] = children.flatMap(({ slots }) => slots)
    if (only === undefined || others.length > 0) return { type: 'array' }
    const { min, max, clause } = only.cardinality
    return {
      type: 'array',
      ...((min > 0 || max < Infinity) && {
        allOf: [
          {
            ...this.#rule(only, `${countWords(min, max)} ${only.kind}`, clause),
            ...(min > 0 && { minItems: min }),
            ...(max < Infinity && { maxItems: max })
          }
        ]
      }),
      // Positions are kept: an item without a value is null.
      items: either({ type: 'null' }, this.#slot(only, path))
    }
  }

  #localized({ languages, ...slot }: Slot): Schema {
    const rules = languages.map(({ language, clause }) => ({
      ...this.#rule(slot, `a text in the language "${language}"`, clause),
      contains: { propertyNames: { pattern: languagePattern(language) }, minProperties: 1 }
    }))
    const { length } = slot
    const text: Schema =
      length === undefined
        ? { type: 'string' }
        : { ...this.#rule(slot, 'a text of that length', length.clause), type: 'string', ...lengthOf(length) }
    return {
      type: 'array',
      ...(rules.length > 0 && { allOf: rules }),
      items: { type: 'object', additionalProperties: text, minProperties: 1, maxProperties: 1 }
    }
  }

  #scalar(slot: Slot): Schema {
    const { valueType, allowed, ranges, length } = slot
    const rules: Schema[] = []
    if (allowed !== undefined) {
      const isText = valueType === undefined || !(isNumeric(valueType) || isBoolean(valueType))
      if (allowed.values !== undefined) {
        const values =
          valueType === undefined ? allowed.values : allowed.values.map((value) => jsonOf(valueType, value))
        rules.push({ ...this.#rule(slot, allowedWords(allowed), allowed.clause), enum: [...new Set(values)] })
      } else if (isText) {
        rules.push({ ...this.#rule(slot, allowedWords(allowed), allowed.clause), pattern: allowed.pattern })
      }
    }
    if (ranges !== undefined) {
      const title = `a number in ${ranges.clause.replace(/^[^=]*=/, '')}`
      const choices = ranges.intervals.map(intervalOf)
      rules.push({
        ...this.#rule(slot, title, ranges.clause),
        ...(choices.length === 1 ? choices[0] : { anyOf: choices })
      })
    }
    if (length !== undefined) {
      rules.push({ ...this.#rule(slot, 'a text of that length', length.clause), ...lengthOf(length) })
    }
    const title = valueType === undefined ? 'a value' : `a value of the type ${valueType}`
    const type = { ...this.#rule(slot, title, `valueType=${valueType ?? 'any'}`), ...typeOf(valueType) }
    return rules.length === 0 ? type : { ...type, allOf: rules }
  }

  #rule({ name }: Pick<Slot, 'name'>, title: string, rule: string): Schema {
    const publication = this.#template.source.publication ?? 'stored submodel'
    return {
      $comment: formatRuleComment({ publication, template: templateName(this.#template), element: name, rule }),
      title
    }
  }
}

function typeOf(valueType: DataTypeDefXsd | undefined): Schema {
  if (valueType === undefined) return { type: ['string', 'number', 'boolean'] }
  if (isBoolean(valueType)) return { type: 'boolean' }
  if (!isNumeric(valueType)) return { type: 'string' }
  if (SAFE_INTEGERS.has(valueType)) return { type: 'integer' }
  // INF, NaN and numbers that JSON would round are written as strings.
  return { type: ['number', 'string'] }
}

function jsonOf(valueType: DataTypeDefXsd, text: string): string | number | boolean {
  if (isBoolean(valueType)) return text === 'true' || text === '1'
  return isNumeric(valueType) && Number.isFinite(Number(text)) ? Number(text) : text
}

function intervalOf({ from, to, exclusiveFrom: withoutFrom, exclusiveTo: withoutTo }: NumericRange): Schema {
  return {
    ...(from !== undefined && { [withoutFrom ? 'exclusiveMinimum' : 'minimum']: Number(from) }),
    ...(to !== undefined && { [withoutTo ? 'exclusiveMaximum' : 'maximum']: Number(to) })
  }
}

function lengthOf({ min, max }: NonNullable<Slot['length']>): Schema {
  return { ...(min > 0 && { minLength: min }), ...(max < Infinity && { maxLength: max }) }
}

/** The only name of a slot; undefined if it is a pattern. */
function fixedName({ idShort, name }: Slot): string | undefined {
  return idShort.pattern === `^${name}$` ? name : undefined
}

/** Its name stands for any other: only its semanticId, which this form lacks, identifies it. */
function isNameless({ idShort, name }: Slot): boolean {
  return idShort.clause === undefined && /^(?:Arbitrary|Example|Sample)/.test(name)
}

function either(one: Schema | undefined, other: Schema): Schema {
  if (one === undefined || JSON.stringify(one) === JSON.stringify(other)) return other
  return { anyOf: [...((one.anyOf as Schema[] | undefined) ?? [one]), other] }
}
