/**
 * Series that there is no element for, where the configuration wants them: their Properties are created. What cannot be
 * created is refused by name, and takes nothing else with it.
 */
import type { Violation } from '../../errors.ts'
import { validate } from '../../formats/json.ts'
import { isLexical } from '../../model/datatypes.ts'
import { excerptOf } from '../../model/excerpt.ts'
import { facetsOf } from '../../model/facets.ts'
import { childrenMember } from '../../model/fields.ts'
import { idShortOf } from '../../model/id-short.ts'
import { isFiniteNumber, Literal, writtenOut } from '../../model/literal.ts'
import { join } from '../../model/path.ts'
import { patterns } from '../../model/patterns.ts'
import type { DataTypeDefXsd, Property, Submodel, SubmodelElement } from '../../model/types.ts'
import { type Container, childrenOf, setChildren, stepsTo } from '../../model/walk.ts'
import { commitOrConflict, retryConflicts, runExclusive } from '../../store/concurrency.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { TemplateChecker } from '../validation/template-checker.ts'
import type { Column } from './batch.ts'
import { indexesOf, stepsOf } from './series.ts'

export interface CreateOptions {
  /** The one submodel that may be created where it does not exist; absent: any that samples name. */
  readonly submodel?: string
  /** The semanticId, of a template, that a created submodel is given. */
  readonly semanticId?: string
}

/** Why columns have no element, by column. */
export type Uncreated = ReadonlyMap<Column, Reason>

export type Reason = Pick<Violation, 'rule' | 'text'>

/** Creates the elements for columns that have none. @returns those that it could not be created for, and why */
export type CreateSeries = (missing: readonly Column[]) => Promise<Uncreated>

/** Series of one push that may be created: a sender that invents names must not fill the hub with them. */
const MAX_CREATED = 10_000

/** Steps of a path. [Part 2, "Recursion": no deeper than 32] */
const MAX_DEPTH = 32

/** How often a submodel is tried again without what a template refuses, before all of it is refused. */
const MAX_ATTEMPTS = 20

/** Name of the extension in which an element keeps the name that its idShort was made of. */
const SOURCE_NAME = 'sourceName'

/** What creating elements needs of the operation context. */
interface CreateContext {
  readonly store: DocumentStore
  readonly templates: TemplateChecker
}

/** @param context called when it is needed, as its store is itself made with the ingest */
export function createSeries(context: () => CreateContext, options: CreateOptions): CreateSeries {
  return async (missing) => {
    const refused = new Map<Column, Reason>()
    const bySubmodel = new Map<string, Column[]>()
    for (const [at, column] of missing.entries()) {
      if (at >= MAX_CREATED) {
        refused.set(column, {
          rule: 'unknownSeries',
          text: `one push creates at most ${MAX_CREATED} elements; send it again`
        })
        continue
      }
      const columns = bySubmodel.get(column.submodel) ?? []
      bySubmodel.set(column.submodel, columns)
      columns.push(column)
    }
    for (const [id, columns] of bySubmodel) {
      const create = () => createIn(context(), id, columns, options)
      const found = await runExclusive(context().store, 'Submodel', id, () => retryConflicts(create))
      for (const [column, reason] of found) refused.set(column, reason)
    }
    return refused
  }
}

async function createIn(
  context: CreateContext,
  id: string,
  columns: readonly Column[],
  options: CreateOptions
): Promise<Map<Column, Reason>> {
  const stored = await context.store.document('Submodel', id)
  const refused = new Map<Column, Reason>()
  if (stored === undefined && options.submodel !== undefined && options.submodel !== id) {
    return refuseAll(columns, refused, {
      rule: 'unknownSeries',
      text: `there is no submodel "${id}", and only "${options.submodel}" may be created`
    })
  }
  const slice = new TimeSlice()
  for (let attempt = 1; ; attempt++) {
    const submodel = stored === undefined ? newSubmodel(id, options) : (JSON.parse(stored.bytes.toString()) as Submodel)
    const touched = await growAll(submodel, columns, refused, slice)
    if (touched.size === 0) return refused
    const broken = stored === undefined ? validate('Submodel', submodel) : []
    const findings = broken.length > 0 ? broken : context.templates.refused(submodel)
    if (findings.length > 0) {
      const isLast = attempt === MAX_ATTEMPTS
      if (refuseFound(findings, touched, refused, isLast)) continue
      return refused
    }
    const document = {
      kind: 'Submodel',
      id,
      json: JSON.stringify(submodel),
      facets: facetsOf('Submodel', submodel)
    } as const
    if (stored === undefined) await commitOrConflict(context.store, [{ change: 'create', ...document }])
    else {
      const { structureRevision: ifStructureRevision } = stored
      await commitOrConflict(context.store, [
        { change: 'replace', ...document, ifStructureRevision, touched: [...touched.keys()], subtreeAction: 'created' }
      ])
    }
    context.templates.forget(id)
    return refused
  }
}

/** @returns the columns that elements were added for, by the path of each */
async function growAll(
  submodel: Submodel,
  columns: readonly Column[],
  refused: Map<Column, Reason>,
  slice: TimeSlice
): Promise<Map<string, Column[]>> {
  const tree = new Tree(submodel)
  const touched = new Map<string, Column[]>()
  for (const column of columns) {
    if (refused.has(column)) continue
    if (slice.isOver()) await slice.pause()
    const grown = tree.grow(column)
    if (typeof grown === 'string') touched.set(grown, [...(touched.get(grown) ?? []), column])
    else if (grown !== undefined) refused.set(column, grown)
  }
  tree.close()
  return touched
}

/**
 * Refuses the columns whose elements are named by what is wrong, or all where none is.
 * @returns whether there may be others left that can be created
 */
function refuseFound(
  findings: readonly Violation[],
  touched: ReadonlyMap<string, readonly Column[]>,
  refused: Map<Column, Reason>,
  isLast: boolean
): boolean {
  const before = refused.size
  for (const { idShortPath, rule, text } of isLast ? [] : findings) {
    for (const column of touched.get(idShortPath ?? '') ?? []) refused.set(column, { rule, text })
  }
  if (refused.size > before) return true
  const [{ rule, text } = { rule: 'unknownSeries', text: 'it cannot be created' }] = findings
  for (const columns of touched.values()) refuseAll(columns, refused, { rule, text })
  return false
}

function refuseAll(columns: readonly Column[], refused: Map<Column, Reason>, reason: Reason): Map<Column, Reason> {
  for (const column of columns) if (!refused.has(column)) refused.set(column, reason)
  return refused
}

function newSubmodel(id: string, { semanticId }: CreateOptions): Submodel {
  const submodel: Submodel = { modelType: 'Submodel', id, kind: 'Instance' }
  const named = /[a-zA-Z][a-zA-Z0-9_]+$/.exec(id)?.[0]
  if (named !== undefined) submodel.idShort = named.slice(0, 128)
  if (semanticId !== undefined) {
    submodel.semanticId = { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: semanticId }] }
  }
  return submodel
}

/** A submodel that grows; the children of each container are indexed once, however many are added. */
class Tree {
  readonly #root: Submodel
  readonly #children = new Map<Container, Map<string | number, SubmodelElement>>()
  readonly #added = new Map<Container, SubmodelElement[]>()

  constructor(root: Submodel) {
    this.#root = root
  }

  /**
   * Adds a Property, and the collections on the way to it.
   * @returns its path; undefined where it is there already; or why it cannot be
   */
  grow(column: Column): string | Reason | undefined {
    const steps = stepsOf(column.path)
    if (column.path === '') return reason('a name was expected; found none')
    if (steps.length > MAX_DEPTH) return reason(`a path has at most ${MAX_DEPTH} steps; found ${steps.length}`)
    const valueType = typeOf(column)
    if (valueType === undefined) {
      return reason(`a Property is created for numbers, texts, true and false; found ${excerptOf(column.values[0])}`)
    }
    let [parent, path]: [Container, string] = [this.#root, '']
    for (const [at, step] of steps.entries()) {
      const isLast = at === steps.length - 1
      const below: Below | Reason =
        this.#below(parent, path, step) ?? this.#add(parent, path, step, isLast ? valueType : undefined)
      if ('text' in below) return below
      if (isLast) return below.isNew ? below.path : undefined
      if (childrenMember(below.element.modelType) === undefined) {
        return reason(`"${below.path}" is a ${below.element.modelType}, which holds no elements`)
      }
      ;[parent, path] = [below.element, below.path]
    }
    return undefined
  }

  /** Puts what was added where it belongs. */
  close(): void {
    for (const [parent, added] of this.#added) setChildren(parent, [...childrenOf(parent), ...added])
  }

  /** What a step leads to; undefined where there is nothing yet. */
  #below(parent: Container, path: string, step: string): Below | Reason | undefined {
    const known = this.#child(parent, path, idShortOf(step)) ?? this.#child(parent, path, step)
    const { name, indexes } = indexesOf(step)
    if (known !== undefined || indexes === '') return known
    let list = this.#child(parent, path, idShortOf(name)) ?? this.#child(parent, path, name)
    if (list === undefined) return undefined
    for (const index of indexes.slice(1, -1).split('][').map(Number)) {
      const item: Below | undefined = this.#child(list.element, list.path, index)
      // A list has a type for all of its elements, and its indexes follow each other: that is for people to lay out.
      if (item === undefined) return reason(`"${list.path}" has no element ${index}; elements of lists are not created`)
      list = item
    }
    return list
  }

  #child(parent: Container, path: string, step: string | number): Below | undefined {
    const element = this.#childrenOf(parent).get(step)
    return element && { element, path: join(path, step), isNew: false }
  }

  #childrenOf(parent: Container): Map<string | number, SubmodelElement> {
    const known = this.#children.get(parent)
    if (known !== undefined) return known
    const steps = stepsTo(parent)
    const children = new Map(childrenOf(parent).map((element, at) => [steps[at] ?? at, element]))
    this.#children.set(parent, children)
    return children
  }

  #add(parent: Container, path: string, step: string, valueType: DataTypeDefXsd | undefined): Below | Reason {
    if (parent.modelType === 'SubmodelElementList')
      return reason(`"${path}" is a list; elements of lists are not created`)
    const idShort = idShortOf(step)
    const element: SubmodelElement = {
      ...named(step, idShort),
      ...(valueType === undefined ? { modelType: 'SubmodelElementCollection' } : { modelType: 'Property', valueType })
    } as Property
    this.#childrenOf(parent).set(idShort, element)
    const added = this.#added.get(parent) ?? []
    this.#added.set(parent, added)
    added.push(element)
    return { element, path: join(path, idShort), isNew: true }
  }
}

interface Below {
  readonly element: SubmodelElement
  readonly path: string
  readonly isNew: boolean
}

function reason(text: string): Reason {
  return { rule: 'unknownSeries', text }
}

/** Where the idShort is another than the name, people see the name, and programs find it in an extension. */
function named(name: string, idShort: string): Partial<Property> {
  if (name === idShort || !XML_TEXT.test(name)) return { idShort }
  const language = /[\u3131-\uD79D]/.test(name) ? 'ko' : 'en'
  return {
    idShort,
    displayName: [{ language, text: [...name].slice(0, 64).join('') }],
    extensions: [{ name: SOURCE_NAME, valueType: 'xs:string', value: name }]
  }
}

const XML_TEXT = new RegExp(patterns.xmlText)

/**
 * The value type of a Property: what the protocol says of the first value, or its kind. A number is xs:double, as the
 * next one may have a fraction, unless a double cannot hold it.
 */
function typeOf({ values, type }: Column): DataTypeDefXsd | undefined {
  if (type !== undefined) return type
  const value = values[0]
  switch (typeof value) {
    case 'number':
      return 'xs:double'
    case 'bigint':
      return (['xs:long', 'xs:unsignedLong', 'xs:integer'] as const).find((wide) => isLexical(wide, String(value)))
    case 'boolean':
      return 'xs:boolean'
    case 'string':
      return 'xs:string'
    default:
      return value instanceof Literal ? typeOfLiteral(value) : undefined
  }
}

function typeOfLiteral({ text, kind }: Literal): DataTypeDefXsd | undefined {
  if (kind === 'bare' && isLexical('xs:double', text) && !isUnsafe(text)) return 'xs:double'
  if (isFiniteNumber(text) && writtenOut(text) !== undefined) return 'xs:decimal'
  return kind === 'bare' ? 'xs:string' : 'xs:double'
}

function isUnsafe(text: string): boolean {
  return Math.abs(Number(text)) > Number.MAX_SAFE_INTEGER && Number.isFinite(Number(text))
}
