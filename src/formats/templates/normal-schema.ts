/**
 * A template as JSON Schema for the Normal form: `contains` over the children limits how often each element occurs, `if`
 * … `then` over each child states its rules. Every rule has a `title`, the requirement in words, and a `$comment`, its
 * origin; findings.ts builds messages from both. Elements that match no slot are allowed.
 */

import { patternOf } from './numeric-ranges.ts'
import type { Cardinality } from './qualifiers.ts'
import { DRAFT, formatRuleComment, ifThen, type Schema } from './schema.ts'
import { referenceIs } from './semantic-ids.ts'
import { type Define, hasOneOf, knownIdsOf, matchSlots, type SlotMatch } from './slot-matching.ts'
import type { Slot, SlotGroup, Template } from './template.ts'
import { provenance, schemaId, templateName } from './template-version.ts'
import { UniqueNames } from './unique-names.ts'

export function normalSchema(template: Template): Schema {
  const writer = new NormalSchemaWriter(template)
  const { main, more } = template
  const ids = [...(main === undefined ? [] : [main]), ...more]
  return {
    $schema: DRAFT,
    $id: schemaId(template, 'normal'),
    $comment: provenance(template),
    title: template.name,
    type: 'object',
    ...(ids.length > 0 && {
      // The ids as spelled in the template; the pattern covers the other spellings.
      examples: ids.map((id) => ({
        semanticId: { type: 'ExternalReference', keys: id.map((value) => ({ type: 'GlobalReference', value })) }
      }))
    }),
    ...writer.content('Submodel', template.children, template.name),
    $defs: writer.definitions()
  }
}

/** Definitions are named after the path to their element; equal ones are written once. */
class NormalSchemaWriter {
  readonly #template: Template
  readonly #texts = new Map<string, string>()
  readonly #schemas = new Map<string, Schema>()
  readonly #names = new UniqueNames((name) => this.#schemas.has(name))
  /** Slots being written and the names of their definitions, to which recursive slots refer. */
  readonly #open = new Map<Slot, string>()
  /** Definitions that refer to themselves; their names stay reserved. */
  readonly #recursive = new Set<string>()

  constructor(template: Template) {
    this.#template = template
  }

  definitions(): Schema {
    return Object.fromEntries(this.#schemas)
  }

  /** The rules of a container for its children: `properties` and, if some are mandatory, `required`. */
  content(kind: string, groups: readonly SlotGroup[], path: string): Schema {
    const properties: Record<string, Schema> = {}
    const required: string[] = []
    for (const group of groups) {
      const isList = kind === 'SubmodelElementList'
      properties[group.member] = isList ? this.#items(group, path) : this.#children(group, path, false)
      if (group.slots.some(({ cardinality }) => cardinality.min > 0)) required.push(group.member)
    }
    return { properties, ...(required.length > 0 && { required }) }
  }

  readonly #define: Define = (name, schema) => {
    const text = JSON.stringify(schema)
    const known = this.#texts.get(text)
    if (known !== undefined) return refer(known)
    const free = this.#freeName(name)
    this.#texts.set(text, free)
    this.#schemas.set(free, schema)
    return refer(free)
  }

  #freeName(wanted: string): string {
    return this.#names.find(nameOf(wanted))
  }

  /** The definition of one slot. */
  #slot(slot: Slot, parent: string, inList: boolean): Schema {
    const above = slot.same && this.#open.get(slot.same)
    if (above !== undefined) {
      this.#recursive.add(above)
      return refer(above)
    }
    const wanted = `${parent}.${slot.name}`
    const path = this.#freeName(wanted)
    // Reserves the name for the definitions below.
    this.#schemas.set(path, {})
    this.#open.set(slot, path)
    const schema = this.#element(slot, path, inList)
    this.#open.delete(slot)
    if (this.#recursive.has(path)) {
      this.#schemas.set(path, schema)
      return refer(path)
    }
    this.#schemas.delete(path)
    this.#names.release(nameOf(wanted), path)
    return this.#define(path, schema)
  }

  #element(slot: Slot, path: string, inList: boolean): Schema {
    const { name, kind, main, more, valueType, list, idShort } = slot
    const rule = (title: string, clause: string, schema: Schema): Schema => ({
      ...this.#rule(title, name, clause),
      ...schema
    })
    const kinds = kind === 'RelationshipElement' ? [kind, 'AnnotatedRelationshipElement'] : [kind]
    const properties: Record<string, Schema> = {
      modelType: rule(`a ${kind}`, `modelType=${kind}`, kinds.length > 1 ? { enum: kinds } : { const: kind })
    }
    // Items of a list are addressed by position, not by name.
    if (idShort.clause !== undefined && idShort.pattern !== undefined && !inList) {
      properties.idShort = rule(idShort.words, idShort.clause, { pattern: idShort.pattern })
    }
    const rules: Schema[] = []
    const ids = [...(main === undefined ? [] : [main]), ...more]
    if (ids.length > 0) {
      const words = `the semanticId ${ids[0]?.join(' / ').trim()}`
      rules.push(rule(words, `semanticId=${ids[0]?.join(' / ').trim()}`, hasOneOf(ids, this.#define)))
    }
    if (valueType !== undefined) {
      properties.valueType = rule(`the valueType ${valueType}`, `valueType=${valueType}`, { const: valueType })
    }
    for (const member of ['typeValueListElement', 'valueTypeListElement'] as const) {
      const asked = list?.[member]
      if (asked !== undefined) properties[member] = rule(`${member} ${asked}`, `${member}=${asked}`, { const: asked })
    }
    if (list?.semanticIdListElement !== undefined) {
      const asked = list.semanticIdListElement
      const words = `semanticIdListElement ${asked.join(' / ').trim()}`
      properties.semanticIdListElement = rule(words, words.replace(' ', '='), referenceIs([asked]))
    }
    Object.assign(properties, this.#value(slot, rule))
    const content = this.content(kind, slot.children, path)
    Object.assign(properties, content.properties)
    return {
      type: 'object',
      properties,
      ...(content.required !== undefined && { required: content.required }),
      ...(rules.length > 0 && { allOf: rules })
    }
  }

  /** The rules of the qualifiers for the value of a leaf. */
  #value({ kind, allowed, ranges, length, languages }: Slot, rule: RuleOf): Record<string, Schema> {
    if (kind === 'MultiLanguageProperty') {
      const texts: Schema[] = languages.map(({ language, clause }) =>
        rule(`a text in the language "${language}"`, clause, { contains: inLanguage(language) })
      )
      if (length !== undefined) {
        texts.push({ items: { properties: { text: rule(lengthWords(length), length.clause, lengthOf(length)) } } })
      }
      return texts.length === 0 ? {} : { value: { allOf: texts } }
    }
    const rules: Schema[] = []
    if (allowed !== undefined) rules.push(rule(allowedWords(allowed), allowed.clause, allowedSchema(allowed)))
    if (ranges !== undefined) {
      const words = `a number in ${ranges.clause.replace(/^[^=]*=/, '')}`
      rules.push(rule(words, ranges.clause, { pattern: patternOf(ranges.intervals) }))
    }
    if (length !== undefined) rules.push(rule(lengthWords(length), length.clause, lengthOf(length)))
    if (rules.length === 0) return {}
    const value = rules.length === 1 ? (rules[0] as Schema) : { allOf: rules }
    if (kind === 'Property') return { value }
    return kind === 'Range' ? { min: value, max: value } : {}
  }

  /** Children that are assigned to slots by conditions. */
  #children({ slots, wrapped }: SlotGroup, path: string, inList: boolean): Schema {
    const wrap = wrapped ? wrapVariable : (schema: Schema): Schema => schema
    const known = knownIdsOf(slots, this.#define)
    const { matches, families } = matchSlots(
      slots,
      {
        byMain: this.#define(`${path}.known-by-semanticId`, known.byMain),
        byAny: this.#define(`${path}.known`, known.byAny)
      },
      this.#define
    )
    const counts: Schema[] = []
    const each: Schema[] = []
    for (const { is, kinds, slots } of families) {
      const names = slots.map(({ name }) => name).join(', ')
      const title = `one of the kinds ${kinds.join(', ')}`
      const isOfKind = {
        properties: { modelType: { ...this.#rule(title, names, `modelType=${kinds.join('|')}`), enum: kinds } }
      }
      each.push(ifThen(wrap(is), wrapThen(wrapped, isOfKind)))
    }
    for (const one of matches) {
      const last = one.slots.map(({ name }) => name).join('-or-')
      const match = { ...one, is: this.#define(`is.${path}.${last}`, one.is) }
      const { is, cardinality } = match
      if (match.slots.every(({ eitherOr }) => eitherOr.length === 0))
        counts.push(...this.#count(match, cardinality, wrap))
      else counts.push(...this.#count(match, { ...cardinality, min: 0 }, wrap))
      each.push(ifThen(wrap(is), wrapThen(wrapped, this.#then(match, path, inList))))
    }
    counts.push(...this.#eitherOr(matches, wrap))
    return { type: 'array', ...(counts.length > 0 && { allOf: counts }), items: { allOf: each } }
  }

  #then({ choices }: SlotMatch, path: string, inList: boolean): Schema {
    const [first, ...others] = choices.map(({ when, slots }) => {
      const definitions = slots.map((slot) => this.#slot(slot, path, inList))
      return { when, asks: definitions.length === 1 ? (definitions[0] as Schema) : { anyOf: definitions } }
    })
    // Only the last alternative has no condition.
    if (first?.when === undefined) return first?.asks ?? {}
    return [first, ...others].reduceRight<Schema>(
      (otherwise, { when, asks }) => (when === undefined ? asks : ifThen(when, asks, otherwise)),
      {}
    )
  }

  #count({ is, slots }: SlotMatch, { min, max, clause }: Cardinality, wrap: Wrap): Schema[] {
    if (min === 0 && max === Infinity) return []
    const names = slots.map(({ name }) => name).join(', ')
    const rule = this.#rule(`${countWords(min, max)} ${slotWords(slots)}`, names, clause)
    return [{ ...rule, contains: wrap(is), minContains: min, ...(max < Infinity && { maxContains: max }) }]
  }

  #eitherOr(matches: readonly SlotMatch[], wrap: Wrap): Schema[] {
    const classes = new Set(matches.flatMap(({ slots }) => slots.flatMap(({ eitherOr }) => eitherOr)))
    return [...classes].map((name) => {
      const members = matches.filter(({ slots }) => slots.some(({ eitherOr }) => eitherOr.includes(name)))
      const isMandatory = members.some(({ cardinality }) => cardinality.min > 0)
      const words = members.map(({ slots }) => slotWords(slots)).join(' or ')
      const oneOf: Schema[] = members.map(({ is }) => ({ contains: wrap(is) }))
      if (!isMandatory) oneOf.push({ not: { contains: wrap({ anyOf: members.map(({ is }) => is) }) } })
      const title = `${isMandatory ? 'exactly' : 'at most'} one of the alternatives ${words}`
      const names = members.flatMap(({ slots }) => slots.map(({ name }) => name)).join(', ')
      return { ...this.#rule(title, names, `SMT/EitherOr=${name}`), oneOf }
    })
  }

  /** The items of a list: all of one slot, or assigned to slots like children. */
  #items(group: SlotGroup, path: string): Schema {
    const [only, ...others] = group.slots
    if (only === undefined || others.length > 0) return this.#children(group, path, true)
    const { cardinality } = only
    const { min, max, clause } = cardinality
    const title = `${countWords(min, max)} ${slotWords([only])}`
    return {
      type: 'array',
      ...((min > 0 || max < Infinity) && {
        allOf: [{ ...this.#rule(title, only.name, clause), minItems: min, ...(max < Infinity && { maxItems: max }) }]
      }),
      items: this.#slot(only, path, true)
    }
  }

  #rule(title: string, element: string, rule: string): Schema {
    const { source } = this.#template
    const publication = source.publication ?? 'stored submodel'
    return {
      $comment: formatRuleComment({ publication, template: templateName(this.#template), element, rule }),
      title
    }
  }
}

type RuleOf = (title: string, clause: string, schema: Schema) => Schema
type Wrap = (schema: Schema) => Schema

/** A cardinality in words: `exactly one`, `at least one`, `at most 3`. */
export function countWords(min: number, max: number): string {
  const number = (count: number): string => (count === 1 ? 'one' : String(count))
  if (min === max) return `exactly ${number(min)}`
  if (max === Infinity) return `at least ${number(min)}`
  return min === 0 ? `at most ${number(max)}` : `${min} to ${max}`
}

function allowedSchema({ values, pattern }: NonNullable<Slot['allowed']>): Schema {
  return pattern === undefined ? { enum: values } : { pattern }
}

export function allowedWords({ values, pattern }: NonNullable<Slot['allowed']>): string {
  return pattern === undefined ? `one of the values ${values?.join(', ')}` : `a value that matches ${pattern}`
}

function slotWords(slots: readonly Slot[]): string {
  return slots
    .map(
      ({ kind, name, main }) =>
        `${kind} "${name}"${main === undefined ? '' : ` with the semanticId ${main.join(' / ').trim()}`}`
    )
    .join(' or ')
}

function lengthWords({ min, max }: NonNullable<Slot['length']>): string {
  if (max === Infinity) return `a text of at least ${min} characters`
  return min === 0 ? `a text of at most ${max} characters` : `a text of ${min} to ${max} characters`
}

function lengthOf({ min, max }: NonNullable<Slot['length']>): Schema {
  return { ...(min > 0 && { minLength: min }), ...(max < Infinity && { maxLength: max }) }
}

/** A language with or without a region: `en-GB` satisfies `en`. */
function inLanguage(language: string): Schema {
  return { properties: { language: { pattern: languagePattern(language) } }, required: ['language'] }
}

/** Language tags are case-insensitive, but patterns have no flag for it. */
export function languagePattern(language: string): string {
  const letters = [...language].map((letter) => {
    const [lower, upper] = [letter.toLowerCase(), letter.toUpperCase()]
    return lower === upper ? letter : `[${lower}${upper}]`
  })
  return `^${letters.join('')}(?:-.*)?$`
}

/** The name of the definition for a path. */
function nameOf(path: string): string {
  return path.split('.').map(definitionName).join('.')
}

/** A definition's name becomes part of a URI and of a JSON Pointer. */
export function definitionName(name: string): string {
  return name.replace(/\[\]$/, '-item').replace(/[^A-Za-z0-9_-]/g, '_')
}

function refer(name: string): Schema {
  return { $ref: `#/$defs/${name}` }
}

function wrapVariable(schema: Schema): Schema {
  return { properties: { value: schema }, required: ['value'] }
}

function wrapThen(wrapped: boolean, schema: Schema): Schema {
  return wrapped ? { properties: { value: schema } } : schema
}
