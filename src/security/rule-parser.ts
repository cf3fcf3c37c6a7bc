/**
 * Parses an access rule model (Part 4) from JSON. Every violation is reported with its JSON Pointer; nothing of a broken
 * model is used.
 */
import { HubError, type Violation } from '../errors.ts'
import { ConditionParser } from '../formats/condition-parser.ts'
import { parseFragment } from '../formats/fragment.ts'
import { suggest } from '../formats/suggest.ts'
import type { Attribute, Condition } from '../model/condition/condition.ts'
import { TimeSlice } from '../time-slice.ts'
import { parseAttribute } from './attributes.ts'
import { type ObjectName, objectNames, parseObject } from './objects.ts'
import { isRight, type Right, rights } from './rights.ts'
import type { AccessFilter, AccessObject, AccessRule } from './rule.ts'

export interface ParsedRules {
  readonly rules: readonly AccessRule[]
  /** What is accepted, but probably not what was meant. */
  readonly warnings: readonly Violation[]
}

/** Roots of BaSyx Go that no standard defines. */
const FOREIGN_ROOTS = ['$bd']

const MAX_REPORTED = 1000
/** Definitions that use definitions. */
const MAX_DEPTH = 50

/**
 * @param source name of the file, with which the names of its rules begin
 * @throws HubError `Invalid` with every violation
 */
export function parseAccessRules(model: unknown, source: string): ParsedRules {
  const parser = new RuleParser(source)
  const steps = parser.parse(model)
  let step = steps.next()
  while (!step.done) step = steps.next()
  return parsedRules(parser, step.value)
}

/** The same in time slices, for the running hub. */
export async function parseAccessRulesInSlices(model: unknown, source: string): Promise<ParsedRules> {
  const parser = new RuleParser(source)
  const steps = parser.parse(model)
  const slice = new TimeSlice()
  let step = steps.next()
  for (; !step.done; step = steps.next()) if (slice.isOver()) await slice.pause()
  return parsedRules(parser, step.value)
}

function parsedRules({ violations, warnings }: RuleParser, rules: readonly AccessRule[]): ParsedRules {
  if (violations.length > 0) throw new HubError('Invalid', [violations.length], violations.slice(0, MAX_REPORTED))
  return { rules, warnings }
}

type Members = Readonly<Record<string, unknown>>

interface Acl {
  readonly attributes: readonly Attribute[]
  readonly rights: ReadonlySet<Right>
  readonly enabled: boolean
}

/** A named definition, parsed when it is first used. */
interface Definition<Value> {
  readonly pointer: string
  readonly parse: () => Value
  state?: 'parsing' | { readonly value: Value }
}

type Definitions<Value> = Map<string, Definition<Value>>

const sections = ['DEFATTRIBUTES', 'DEFACLS', 'DEFOBJECTS', 'DEFFORMULAS', 'rules']

class RuleParser {
  readonly violations: Violation[] = []
  readonly warnings: Violation[] = []
  readonly #source: string
  #depth = 0
  readonly #attributes: Definitions<readonly Attribute[]> = new Map()
  readonly #acls: Definitions<Acl | undefined> = new Map()
  readonly #objects: Definitions<readonly AccessObject[]> = new Map()
  readonly #formulas: Definitions<Condition | undefined> = new Map()

  constructor(source: string) {
    this.#source = source
  }

  /** Yields after each rule. */
  *parse(model: unknown): Generator<undefined, AccessRule[], undefined> {
    const outer = this.#object(model, '')
    if (outer === undefined) return []
    const wrapped = Object.hasOwn(outer, 'AllAccessPermissionRules')
    if (wrapped) this.#allow(outer, '', ['AllAccessPermissionRules'])
    const base = wrapped ? '/AllAccessPermissionRules' : ''
    const all = wrapped ? this.#object(outer.AllAccessPermissionRules, base) : outer
    if (all === undefined) return []
    this.#allow(all, base, sections)
    this.#define(all, base, 'DEFATTRIBUTES', ['attributes', 'USEATTRIBUTES'], this.#attributes, this.#attributeGroup)
    this.#define(all, base, 'DEFACLS', ['acl'], this.#acls, this.#namedAcl)
    this.#define(all, base, 'DEFOBJECTS', ['objects', 'USEOBJECTS'], this.#objects, this.#objectGroup)
    this.#define(all, base, 'DEFFORMULAS', ['formula'], this.#formulas, this.#namedFormula)
    if (!Object.hasOwn(all, 'rules')) this.#fault(base, 'the member "rules" is missing', 'required')
    const rules: AccessRule[] = []
    for (const [index, rule] of this.#list(all.rules ?? [], `${base}/rules`).entries()) {
      for (const one of this.#rule(rule, `${base}/rules/${index}`)) rules.push(one)
      yield
    }
    return rules
  }

  /** Parses the definitions of a section, so that those that no rule uses are checked as well. */
  #define<Value>(
    all: Members,
    base: string,
    section: string,
    members: readonly string[],
    definitions: Definitions<Value>,
    parse: (definition: Members, pointer: string) => Value
  ): void {
    for (const [index, value] of this.#list(all[section] ?? [], `${base}/${section}`).entries()) {
      const pointer = `${base}/${section}/${index}`
      const definition = this.#object(value, pointer)
      if (definition === undefined) continue
      this.#allow(definition, pointer, ['name', ...members])
      const name = this.#text(definition.name, `${pointer}/name`)
      if (name === undefined) continue
      if (definitions.has(name)) this.#fault(`${pointer}/name`, `${quote(name)} is defined twice`, 'name')
      else definitions.set(name, { pointer, parse: () => parse.call(this, definition, pointer) })
    }
    for (const name of definitions.keys()) this.#resolve(definitions, section, name, '')
  }

  #resolve<Value>(definitions: Definitions<Value>, section: string, name: unknown, pointer: string): Value | undefined {
    const definition = typeof name === 'string' ? definitions.get(name) : undefined
    if (definition === undefined) {
      const near = typeof name === 'string' ? suggest(name, [...definitions.keys()]) : undefined
      const hint = near === undefined ? '' : `; did you mean ${quote(near)}?`
      this.#fault(pointer, `${section} defines no ${quote(name)}${hint}`, 'name')
      return undefined
    }
    if (definition.state === 'parsing') {
      this.#fault(pointer, `${quote(name)} uses itself, directly or through others`, 'circle')
      return undefined
    }
    if (definition.state === undefined) {
      if (this.#depth === MAX_DEPTH) {
        this.#fault(pointer, `definitions use one another at most ${MAX_DEPTH} deep`, 'depth')
        return undefined
      }
      this.#depth++
      definition.state = 'parsing'
      definition.state = { value: definition.parse() }
      this.#depth--
    }
    return definition.state.value
  }

  #rule(value: unknown, pointer: string): AccessRule[] {
    const rule = this.#object(value, pointer)
    if (rule === undefined) return []
    const allowed = ['ACL', 'USEACL', 'OBJECTS', 'USEOBJECTS', 'FORMULA', 'USEFORMULA', 'FILTER', 'FILTERLIST']
    this.#allow(rule, pointer, allowed)
    for (const name of ['ACL', 'OBJECTS', 'FORMULA']) this.#require(rule, pointer, name)
    const acls = [
      ...(Object.hasOwn(rule, 'ACL') ? [this.#acl(rule.ACL, `${pointer}/ACL`)] : []),
      ...(Object.hasOwn(rule, 'USEACL') ? [this.#resolve(this.#acls, 'DEFACLS', rule.USEACL, `${pointer}/USEACL`)] : [])
    ]
    const objects = this.#objectsOf(rule, 'OBJECTS', pointer)
    const formula = this.#formulaOf(rule, 'FORMULA', pointer)
    const filters = [
      ...(Object.hasOwn(rule, 'FILTER') ? [this.#filter(rule.FILTER, `${pointer}/FILTER`)] : []),
      ...this.#list(rule.FILTERLIST ?? [], `${pointer}/FILTERLIST`).map((one, index) =>
        this.#filter(one, `${pointer}/FILTERLIST/${index}`)
      )
    ].flatMap((filter) => filter ?? [])
    if (formula === undefined) return []
    const name = `${this.#source}#${pointer}`
    return acls.flatMap((acl) => (acl === undefined ? [] : [{ name, ...acl, objects, formula, filters }]))
  }

  #namedAcl(definition: Members, pointer: string): Acl | undefined {
    return this.#acl(definition.acl, `${pointer}/acl`)
  }

  #acl(value: unknown, pointer: string): Acl | undefined {
    const acl = this.#object(value, pointer)
    if (acl === undefined) return undefined
    this.#allow(acl, pointer, ['ATTRIBUTES', 'USEATTRIBUTES', 'RIGHTS', 'ACCESS'])
    this.#require(acl, pointer, 'ATTRIBUTES')
    const attributes = this.#attributesOf(acl, 'ATTRIBUTES', pointer)
    if (!Object.hasOwn(acl, 'RIGHTS')) this.#fault(pointer, 'the member "RIGHTS" is missing', 'required')
    const granted = this.#list(acl.RIGHTS ?? [], `${pointer}/RIGHTS`).flatMap((right, index) =>
      this.#right(right, `${pointer}/RIGHTS/${index}`)
    )
    const { ACCESS: access } = acl
    if (access !== 'ALLOW' && access !== 'DISABLED') {
      const found = access === undefined ? '' : `; found ${quote(access)}`
      this.#fault(`${pointer}/ACCESS`, `ALLOW or DISABLED was expected${found}`, 'enum')
    }
    return { attributes, rights: new Set(granted), enabled: access === 'ALLOW' }
  }

  #right(value: unknown, pointer: string): readonly Right[] {
    if (value === 'ALL') return rights
    if (typeof value === 'string' && isRight(value)) return [value]
    this.#fault(pointer, `one of ${rights.join(', ')} and ALL was expected; found ${quote(value)}`, 'enum')
    return []
  }

  #attributeGroup(definition: Members, pointer: string): readonly Attribute[] {
    this.#require(definition, pointer, 'attributes', 'USEATTRIBUTES')
    return this.#attributesOf(definition, 'attributes', pointer)
  }

  #attributesOf(members: Members, inline: string, pointer: string): readonly Attribute[] {
    const own = this.#list(members[inline] ?? [], `${pointer}/${inline}`).flatMap((item, index) => {
      const parsed = parseAttribute(item)
      if (typeof parsed === 'string') this.#fault(`${pointer}/${inline}/${index}`, parsed, 'attribute')
      // A field of the target is always available.
      return typeof parsed === 'string' || 'operand' in parsed ? [] : [parsed.attribute]
    })
    const used = this.#used(members, 'USEATTRIBUTES', pointer, this.#attributes, 'DEFATTRIBUTES')
    return [...new Set([...own, ...used.flat()])]
  }

  #objectGroup(definition: Members, pointer: string): readonly AccessObject[] {
    this.#require(definition, pointer, 'objects', 'USEOBJECTS')
    return this.#objectsOf(definition, 'objects', pointer)
  }

  #objectsOf(members: Members, inline: string, pointer: string): readonly AccessObject[] {
    const own = this.#list(members[inline] ?? [], `${pointer}/${inline}`).flatMap((item, index) =>
      this.#accessObject(item, `${pointer}/${inline}/${index}`)
    )
    // Each once: groups that use the same groups would multiply.
    return [...new Set([...own, ...this.#used(members, 'USEOBJECTS', pointer, this.#objects, 'DEFOBJECTS').flat()])]
  }

  #accessObject(value: unknown, pointer: string): AccessObject[] {
    const members = this.#object(value, pointer)
    if (members === undefined) return []
    this.#allow(members, pointer, objectNames)
    const [name, ...others] = objectNames.filter((one) => Object.hasOwn(members, one))
    if (name === undefined || others.length > 0) {
      this.#fault(pointer, `an object has exactly one of ${objectNames.join(', ')}`, 'required')
      return []
    }
    return this.#parsedObject(name, members[name], `${pointer}/${name}`)
  }

  #parsedObject(name: ObjectName, value: unknown, pointer: string): AccessObject[] {
    const text = this.#text(value, pointer)
    if (text === undefined) return []
    const parsed = parseObject(name, text)
    if (typeof parsed === 'string') {
      this.#fault(pointer, `${parsed}; found ${quote(text)}`, 'object')
      return []
    }
    if (parsed.warning !== undefined) this.#warn(pointer, parsed.warning)
    return [parsed.object]
  }

  #namedFormula(definition: Members, pointer: string): Condition | undefined {
    this.#require(definition, pointer, 'formula', 'formula')
    return this.#condition(definition.formula, `${pointer}/formula`)
  }

  /** Both, where a formula stands beside a used one. */
  #formulaOf(members: Members, inline: string, pointer: string): Condition | undefined {
    const own = Object.hasOwn(members, inline) ? this.#condition(members[inline], `${pointer}/${inline}`) : undefined
    const used = this.#used(members, 'USEFORMULA', pointer, this.#formulas, 'DEFFORMULAS')
    const all = [own, ...used].flatMap((one) => one ?? [])
    return all.length > 1 ? { is: 'and', of: all } : all[0]
  }

  #filter(value: unknown, pointer: string): AccessFilter | undefined {
    const members = this.#object(value, pointer)
    if (members === undefined) return undefined
    this.#allow(members, pointer, ['FRAGMENT', 'CONDITION', 'USEFORMULA', 'MATCH'])
    this.#require(members, pointer, 'CONDITION', 'USEFORMULA')
    if (members.MATCH !== undefined && typeof members.MATCH !== 'boolean') {
      this.#fault(`${pointer}/MATCH`, 'true or false was expected', 'type')
    }
    const text = this.#text(members.FRAGMENT, `${pointer}/FRAGMENT`)
    const fragment = text === undefined ? undefined : parseFragment(text)
    if (typeof fragment === 'string')
      this.#fault(`${pointer}/FRAGMENT`, `${fragment}; found ${quote(text)}`, 'fragment')
    const condition = this.#formulaOf(members, 'CONDITION', pointer)
    return typeof fragment === 'object' && condition !== undefined ? { fragment, condition } : undefined
  }

  #condition(value: unknown, pointer: string): Condition | undefined {
    const parser = new ConditionParser({
      foreignRoots: FOREIGN_ROOTS,
      parseAttribute: (attribute, place) => {
        const parsed = parseAttribute(attribute)
        if (typeof parsed === 'string') return parsed
        if ('operand' in parsed) return parsed.operand
        const { attribute: found } = parsed
        if (found.is === 'global' && found.name === 'ANONYMOUS') {
          this.#warn(place, 'ANONYMOUS has no value; a comparison with it grants nothing')
        }
        return { is: 'attribute', attribute: found }
      }
    })
    const condition = parser.parse(value, pointer)
    for (const violation of parser.violations) this.violations.push({ ...violation, rule: 'FORMULA' })
    if (condition !== undefined && JSON.stringify(condition).includes('"is":"unsupported"')) {
      this.#warn(
        pointer,
        `a root that only BaSyx Go defines (${FOREIGN_ROOTS.join(', ')}); the rule grants nothing here`
      )
    }
    return condition
  }

  /** The definitions that a USE… member names: one or several. */
  #used<Value>(
    members: Members,
    use: string,
    pointer: string,
    definitions: Definitions<Value>,
    section: string
  ): Value[] {
    if (!Object.hasOwn(members, use)) return []
    const names = members[use]
    const all = Array.isArray(names)
      ? names.map((name, index) => this.#resolve(definitions, section, name, `${pointer}/${use}/${index}`))
      : [this.#resolve(definitions, section, names, `${pointer}/${use}`)]
    return all.filter((one) => one !== undefined) as Value[]
  }

  #require(members: Members, pointer: string, inline: string, use = `USE${inline}`): void {
    if (Object.hasOwn(members, inline) || Object.hasOwn(members, use)) return
    const missing = inline === use ? quote(inline) : `${quote(inline)} or ${quote(use)}`
    this.#fault(pointer, `the member ${missing} is missing`, 'required')
  }

  #allow(members: Members, pointer: string, allowed: readonly string[]): void {
    for (const name of Object.keys(members)) {
      if (allowed.includes(name)) continue
      const near = suggest(name, allowed)
      const hint = near === undefined ? `allowed: ${allowed.join(', ')}` : `did you mean ${quote(near)}?`
      const place = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
      this.#fault(place, `unknown member ${quote(name)}; ${hint}`, 'additionalProperties')
    }
  }

  #object(value: unknown, pointer: string): Members | undefined {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Members
    this.#fault(pointer, `a JSON object was expected; found ${quote(value)}`, 'type')
    return undefined
  }

  #list(value: unknown, pointer: string): readonly unknown[] {
    if (Array.isArray(value)) return value
    this.#fault(pointer, `a list was expected; found ${quote(value)}`, 'type')
    return []
  }

  #text(value: unknown, pointer: string): string | undefined {
    if (typeof value === 'string' && value !== '') return value
    this.#fault(pointer, `a text that is not empty was expected; found ${quote(value)}`, 'type')
    return undefined
  }

  #fault(pointer: string, text: string, rule: string): void {
    this.violations.push({ pointer, rule, text })
  }

  #warn(pointer: string, text: string): void {
    this.warnings.push({ pointer, rule: 'warning', text })
  }
}

function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
