/**
 * Creates Properties for series without an element, if configured. Series that cannot be created are refused one by one,
 * without affecting others.
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
import type { Access } from '../../security/access.ts'
import { WriteAuthorizer } from '../../security/write-authorizer.ts'
import { commitOrConflict, retryConflicts, runExclusive } from '../../store/concurrency.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import type { Change } from '../../store/store.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { TemplateChecker } from '../validation/template-checker.ts'
import type { SampleColumn } from './batch.ts'
import { FORBIDDEN } from './refusals.ts'
import { indexesOf, stepsOf } from './series.ts'

export interface CreateOptions {
  /** The only submodel that may be created; absent: any that samples name. */
  readonly submodel?: string
  /** semanticId of created submodels, e.g. of a template. */
  readonly semanticId?: string
}

/** Reasons why no element was created, by column. */
export type RefusedColumns = ReadonlyMap<SampleColumn, RefusalReason>

export type RefusalReason = Pick<Violation, 'rule' | 'text'>

/**
 * Creates the elements of columns that have none.
 * @param access what the sender may do; absent: everything
 * @returns the columns without a created element
 */
export type CreateSeries = (missing: readonly SampleColumn[], access?: Access) => Promise<RefusedColumns>

/** Series created by one push, so that a faulty sender cannot fill the hub with elements. */
const MAX_CREATED_SERIES = 10_000

/** Maximum number of steps of a path. [Part 2, "Recursion"] */
const MAX_DEPTH = 32

/** Attempts without the elements that a template refuses, before all are refused. */
const MAX_ATTEMPTS = 20

/** Name of the extension that holds the name from which the idShort of an element was generated. */
const SOURCE_NAME = 'sourceName'

/** What creating elements needs of the operation context. */
interface CreateContext {
  readonly store: DocumentStore
  /** Without what is generated. */
  readonly stored: DocumentStore
  readonly access?: Access | undefined
  readonly templates: TemplateChecker
}

/** @param context called when it is needed, as its store is itself made with the ingest */
export function createSeries(context: () => CreateContext, options: CreateOptions): CreateSeries {
  return async (missing, access) => {
    const refused = new Map<SampleColumn, RefusalReason>()
    const bySubmodel = new Map<string, SampleColumn[]>()
    for (const [at, column] of missing.entries()) {
      if (at >= MAX_CREATED_SERIES) {
        refused.set(column, {
          rule: 'unknownSeries',
          text: `one push creates at most ${MAX_CREATED_SERIES} elements; send it again`
        })
        continue
      }
      const columns = bySubmodel.get(column.submodel) ?? []
      bySubmodel.set(column.submodel, columns)
      columns.push(column)
    }
    for (const [id, columns] of bySubmodel) {
      const create = () => createIn({ ...context(), access }, id, columns, options)
      const found = await runExclusive(context().store, 'Submodel', id, () => retryConflicts(create))
      for (const [column, reason] of found) refused.set(column, reason)
    }
    return refused
  }
}

async function createIn(
  context: CreateContext,
  id: string,
  columns: readonly SampleColumn[],
  options: CreateOptions
): Promise<Map<SampleColumn, RefusalReason>> {
  const stored = await context.store.document('Submodel', id)
  const refused = new Map<SampleColumn, RefusalReason>()
  if (stored === undefined && options.submodel !== undefined && options.submodel !== id) {
    return refuseAll(columns, refused, {
      rule: 'unknownSeries',
      text: `there is no submodel "${id}", and only "${options.submodel}" may be created`
    })
  }
  const slice = new TimeSlice()
  for (let attempt = 1; ; attempt++) {
    const submodel = stored === undefined ? newSubmodel(id, options) : (JSON.parse(stored.bytes.toString()) as Submodel)
    const touched = await addElements(submodel, columns, refused, slice)
    if (touched.size === 0) return refused
    const broken = stored === undefined ? validate('Submodel', submodel) : []
    const findings = broken.length > 0 ? broken : context.templates.refused(submodel)
    if (findings.length > 0) {
      const isLast = attempt === MAX_ATTEMPTS
      if (refuseByFindings(findings, touched, refused, isLast)) continue
      return refused
    }
    const document = {
      kind: 'Submodel',
      id,
      json: JSON.stringify(submodel),
      facets: facetsOf('Submodel', submodel)
    } as const
    const change: Change =
      stored === undefined
        ? { change: 'create', ...document }
        : {
            ...{ change: 'replace', ...document, ifStructureRevision: stored.structureRevision },
            ...{ touched: [...touched.keys()], subtreeAction: 'created' }
          }
    const authorizer = context.access && authorizerOf(context, context.access)
    if (authorizer !== undefined && (await refuseUncovered(authorizer, change, touched, refused))) continue
    const changes = authorizer === undefined ? [change] : await authorizer.authorize([change])
    await commitOrConflict(context.store, changes)
    context.templates.forget(id)
    return refused
  }
}

function authorizerOf({ store, stored }: CreateContext, access: Access): WriteAuthorizer {
  return new WriteAuthorizer({ store, stored, access })
}

/** Refuses the columns whose elements the sender may not create. @returns whether there were some */
async function refuseUncovered(
  authorizer: WriteAuthorizer,
  change: Change,
  touched: ReadonlyMap<string, readonly SampleColumn[]>,
  refused: Map<SampleColumn, RefusalReason>
): Promise<boolean> {
  const uncovered = await authorizer.uncovered([change])
  const reason = { rule: FORBIDDEN, text: 'it may not be created' }
  for (const { part } of uncovered) {
    const columns = typeof part === 'string' ? [...touched.values()].flat() : (touched.get(part.path) ?? [])
    refuseAll(columns, refused, reason)
  }
  return uncovered.length > 0
}

/** @returns the columns that elements were added for, by the path of each */
async function addElements(
  submodel: Submodel,
  columns: readonly SampleColumn[],
  refused: Map<SampleColumn, RefusalReason>,
  slice: TimeSlice
): Promise<Map<string, SampleColumn[]>> {
  const tree = new SubmodelTree(submodel)
  const touched = new Map<string, SampleColumn[]>()
  for (const column of columns) {
    if (refused.has(column)) continue
    if (slice.isOver()) await slice.pause()
    const added = tree.add(column)
    if (typeof added === 'string') touched.set(added, [...(touched.get(added) ?? []), column])
    else if (added !== undefined) refused.set(column, added)
  }
  tree.close()
  return touched
}

/**
 * Refuses the columns whose elements the findings name, or all if they name none.
 * @returns whether some columns are left
 */
function refuseByFindings(
  findings: readonly Violation[],
  touched: ReadonlyMap<string, readonly SampleColumn[]>,
  refused: Map<SampleColumn, RefusalReason>,
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

function refuseAll(
  columns: readonly SampleColumn[],
  refused: Map<SampleColumn, RefusalReason>,
  reason: RefusalReason
): Map<SampleColumn, RefusalReason> {
  for (const column of columns) if (!refused.has(column)) refused.set(column, reason)
  return refused
}

function newSubmodel(id: string, { semanticId }: CreateOptions): Submodel {
  const submodel: Submodel = { modelType: 'Submodel', id, kind: 'Instance' }
  const namedElement = /[a-zA-Z][a-zA-Z0-9_]+$/.exec(id)?.[0]
  if (namedElement !== undefined) submodel.idShort = namedElement.slice(0, 128)
  if (semanticId !== undefined) {
    submodel.semanticId = { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: semanticId }] }
  }
  return submodel
}

/** Adds elements to a submodel; children of each container are indexed once, however many are added. */
class SubmodelTree {
  readonly #root: Submodel
  readonly #children = new Map<Container, Map<string | number, SubmodelElement>>()
  readonly #added = new Map<Container, SubmodelElement[]>()

  constructor(root: Submodel) {
    this.#root = root
  }

  /**
   * Adds a Property and its parent collections.
   * @returns its path; undefined if it exists; or the reason why it cannot be added
   */
  add(column: SampleColumn): string | RefusalReason | undefined {
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
      const node: TreeNode | RefusalReason =
        this.#find(parent, path, step) ?? this.#add(parent, path, step, isLast ? valueType : undefined)
      if ('text' in node) return node
      if (isLast) return node.isNew ? node.path : undefined
      if (childrenMember(node.element.modelType) === undefined) {
        return reason(`"${node.path}" is a ${node.element.modelType}, which holds no elements`)
      }
      ;[parent, path] = [node.element, node.path]
    }
    return undefined
  }

  /** Adds the new elements to their parents. */
  close(): void {
    for (const [parent, added] of this.#added) setChildren(parent, [...childrenOf(parent), ...added])
  }

  /** The child at a step; undefined if there is none. */
  #find(parent: Container, path: string, step: string): TreeNode | RefusalReason | undefined {
    const known = this.#child(parent, path, idShortOf(step)) ?? this.#child(parent, path, step)
    const { name, indexes } = indexesOf(step)
    if (known !== undefined || indexes === '') return known
    let list = this.#child(parent, path, idShortOf(name)) ?? this.#child(parent, path, name)
    if (list === undefined) return undefined
    for (const index of indexes.slice(1, -1).split('][').map(Number)) {
      const item: TreeNode | undefined = this.#child(list.element, list.path, index)
      // Not created, as elements of a list share a type and their indexes have no gaps.
      if (item === undefined) return reason(`"${list.path}" has no element ${index}; elements of lists are not created`)
      list = item
    }
    return list
  }

  #child(parent: Container, path: string, step: string | number): TreeNode | undefined {
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

  #add(parent: Container, path: string, step: string, valueType: DataTypeDefXsd | undefined): TreeNode | RefusalReason {
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

interface TreeNode {
  readonly element: SubmodelElement
  readonly path: string
  readonly isNew: boolean
}

function reason(text: string): RefusalReason {
  return { rule: 'unknownSeries', text }
}

/** If the idShort differs from the name, the name becomes the displayName, and is kept in an extension for programs. */
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
 * The value type of a Property: that of the protocol, or by the first value. A number is xs:double, as the next one may
 * have a fraction, unless a double cannot represent it.
 */
function typeOf({ values, type }: SampleColumn): DataTypeDefXsd | undefined {
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
