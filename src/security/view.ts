/** What a verdict leaves of a document: the union of what each rule shows. */
import { type CompiledCondition, compile } from '../model/condition/compile.ts'
import { ANY, type Condition } from '../model/condition/condition.ts'
import { CompiledFilter, HiddenParts } from '../model/condition/filter.ts'
import { childrenMember } from '../model/fields.ts'
import { join, type Step } from '../model/path.ts'
import type { Submodel, SubmodelElement } from '../model/types.ts'
import { valueMemberNames } from '../model/value-members.ts'
import { type Container, child, childrenOf, keepIndexes, resolve, stepsTo } from '../model/walk.ts'
import type { AccessVerdict, Grant } from './policy.ts'
import type { DocumentKind } from './rule.ts'
import { isAtOrBelow } from './target.ts'

let views = 0

/** A verdict made ready for many documents of one kind. */
export class DocumentView {
  /** Distinguishes it from every other one in this process. */
  readonly number = ++views
  /** Of documents that it has seen. */
  readonly #scopes = new WeakMap<object, Scope>()
  readonly #isAllowed: CompiledCondition
  readonly #grants: readonly CompiledGrant[]
  readonly #verdict: AccessVerdict
  /** What the caller may at least see exists: containers of visible elements are shown within it. */
  readonly #frames: DocumentView | undefined

  constructor(verdict: AccessVerdict, kind: DocumentKind, frames?: DocumentView) {
    this.#frames = frames
    this.#verdict = verdict
    this.#isAllowed = compile(verdict.condition, kind)
    this.#grants = verdict.grants.map((grant) => new CompiledGrant(grant, kind))
  }

  /** May the target be accessed, given its document? Some of it may still be hidden. */
  allows(document: object): boolean {
    return this.#verdict.is === 'allowed' || this.#isAllowed.matches(document)
  }

  /**
   * What is visible of a document; undefined if nothing is. Shares with the document what is not changed. Items of a
   * SubmodelElementList that are hidden are left out; the others keep their indexes (`keptIndexes`).
   */
  visible(document: object): object | undefined {
    if (this.#verdict.is === 'allowed') return document
    const scope = this.#enter(document)
    if (scope.entire.some((grant) => scope.hidesNothing(grant))) return document
    return prune(document, scope.entire, this.#framed(document, scope)) as object | undefined
  }

  /**
   * What is visible of the elements of a submodel, within containers of which the caller may see nothing: for operations on
   * an element, which show no more than that.
   */
  visibleElements(submodel: object): object | undefined {
    if (this.#verdict.is === 'allowed') return submodel
    const scope = this.#enter(submodel)
    if (scope.entire.some((grant) => scope.hidesNothing(grant))) return submodel
    const frames = containersOf(submodel as Submodel, scope, () => true)
    return prune(submodel, scope.entire, { scope, frames }) as object | undefined
  }

  /** What is visible of one element of a submodel; undefined if it is hidden, or does not exist. */
  visibleElement(submodel: Submodel, path: readonly Step[]): object | undefined {
    const scope = this.#enter(submodel)
    const framed = this.#framed(submodel, scope)
    const found = scope.find(submodel, path)
    if (found !== undefined) return prune(found.element, found.alive, framed) as object | undefined
    const element = framed.frames.size === 0 ? undefined : resolve(submodel, path)
    return element && (prune(element, [], framed) as object | undefined)
  }

  /**
   * Is the value of an element visible, with nothing of it hidden? Where the element has no value now, a filter on its
   * value hides it.
   */
  showsValue(submodel: Submodel, path: readonly Step[]): boolean {
    if (this.#verdict.is === 'allowed') return resolve(submodel, path) !== undefined
    const scope = this.#enter(submodel)
    const found = scope.find(submodel, path)
    if (found === undefined) return false
    const { element, alive } = found
    const open = element as unknown as Readonly<Record<string, unknown>>
    return valueMemberNames(element.modelType).every((name) => {
      const within = alive.filter((grant) => !scope.isHidden(grant, element, name))
      if (open[name] !== undefined) return pruneItem(open[name], within, { scope, frames: NO_FRAMES }) === open[name]
      return within.some((grant) => !grant.filtersElementMember(path, name))
    })
  }

  /** Is an element visible that the submodel does not have any more? What a filter needs of it is unknown: it hides it. */
  showsRemoved(submodel: Submodel, path: readonly Step[]): boolean {
    if (this.#verdict.is === 'allowed') return true
    return this.#enter(submodel).grants.some(
      (grant) => !grant.hasFilters && (grant.path === undefined || isAtOrBelow(path, grant.path))
    )
  }

  /** Does a rule cover the place of an element that does not exist? No filter hides it then, but may what it is in. */
  coversPlace(submodel: Submodel, path: readonly Step[]): boolean {
    return this.#verdict.is === 'allowed' || this.#enter(submodel).coversPlace(submodel, path)
  }

  /** Is something of a document itself visible, rather than of single elements? */
  showsDocument(document: object): boolean {
    return this.#verdict.is === 'allowed' || this.#enter(document).entire.length > 0
  }

  /** Is an element visible? Also one that the submodel does not have any more. */
  showsElement(submodel: Submodel, path: readonly Step[]): boolean {
    if (resolve(submodel, path) === undefined) return this.showsRemoved(submodel, path)
    return this.#verdict.is === 'allowed' || this.#enter(submodel).find(submodel, path) !== undefined
  }

  /** The idShortPaths of the visible elements of which a rule shows no more than they and what is below. */
  visibleBeginnings(submodel: Submodel): readonly string[] {
    const scope = this.#enter(submodel)
    const paths = scope.grants.flatMap(({ path }) => {
      if (path === undefined) return []
      return path.length === 0 ? stepsTo(submodel).map((step) => [step]) : [path]
    })
    const visible = paths.filter((path) => scope.find(submodel, path) !== undefined)
    return [...new Set(visible.map((path) => path.reduce<string>(join, '')))]
  }

  /** Containers are shown for the visible elements below them where the caller may know of each. */
  #framed(document: object, scope: Scope): Framed {
    const view = this.#frames
    if (view === undefined || scope.begins.size === 0 || !view.allows(document)) return { scope, frames: NO_FRAMES }
    const submodel = document as Submodel
    const isKnown = (path: readonly Step[]) => path.length === 0 || view.visibleElement(submodel, path) !== undefined
    return { scope, frames: containersOf(submodel, scope, isKnown) }
  }

  #enter(document: object): Scope {
    const known = this.#scopes.get(document)
    if (known !== undefined) return known
    const scope = new Scope(
      this.#grants.filter((grant) => grant.holds(document)),
      document
    )
    this.#scopes.set(document, scope)
    return scope
  }
}

class CompiledGrant {
  readonly path: readonly Step[] | undefined
  readonly #condition: CompiledCondition
  readonly #filters: readonly CompiledFilter[]

  constructor({ condition, filters, path }: Grant, kind: DocumentKind) {
    this.path = path
    this.#condition = compile(independent(condition), kind)
    this.#filters = filters.map(
      ({ fragment, condition }) => new CompiledFilter({ fragment, condition: independent(condition) }, kind, 'all')
    )
  }

  holds(document: object): boolean {
    return this.#condition.matches(document)
  }

  get hasFilters(): boolean {
    return this.#filters.length > 0
  }

  /** Is there a filter on a member of the element at a path? */
  filtersElementMember(element: readonly Step[], name: string): boolean {
    return this.#filters.some(({ fragment: { root, path, steps } }) => {
      if (root !== '$sme' || steps[0] !== name) return false
      return (
        path.length === 0 ||
        (path.length === element.length && path.every((step, at) => step === element[at] || step === ANY))
      )
    })
  }

  /** What the filters of the rule hide. */
  hidden(document: object): HiddenParts {
    const hidden = new HiddenParts()
    for (const filter of this.#filters) {
      for (const part of filter.occurrences(document)) if (!filter.shows(document)) hidden.add(part)
    }
    return hidden
  }
}

/** The rules that apply to one document, and where in it they begin and end. */
class Scope {
  readonly grants: readonly CompiledGrant[]
  /** Those that cover the whole document. */
  readonly entire: readonly CompiledGrant[]
  /** Those that begin at an element. */
  readonly begins = new Map<object, CompiledGrant[]>()
  readonly #hidden = new Map<CompiledGrant, HiddenParts>()

  constructor(grants: readonly CompiledGrant[], document: object) {
    this.grants = grants
    this.entire = grants.filter(({ path }) => path === undefined)
    for (const grant of grants) {
      this.#hidden.set(grant, grant.hidden(document))
      if (grant.path === undefined) continue
      for (const element of elementsAt(document as Submodel, grant.path)) {
        this.begins.set(element, [...(this.begins.get(element) ?? []), grant])
      }
    }
  }

  hidesNothing(grant: CompiledGrant): boolean {
    return this.#hidden.get(grant)?.isEmpty !== false
  }

  isHidden(grant: CompiledGrant, holder: object, member: string): boolean {
    return this.#hidden.get(grant)?.hasMember(holder, member) === true
  }

  /** An element and the rules that show it; undefined if none does. */
  find(
    submodel: Submodel,
    path: readonly Step[]
  ): { readonly element: SubmodelElement; readonly alive: readonly CompiledGrant[] } | undefined {
    let alive: readonly CompiledGrant[] = this.entire
    let here: Container = submodel
    for (const step of path) {
      const next = child(here, step)
      if (next === undefined) return undefined
      alive = this.enterObject(next, this.#within(here, alive))
      here = next
    }
    return alive.length === 0 ? undefined : { element: here as SubmodelElement, alive }
  }

  coversPlace(submodel: Submodel, path: readonly Step[]): boolean {
    let alive: readonly CompiledGrant[] = this.entire
    let here: Container = submodel
    for (const step of path) {
      const next = child(here, step)
      const within = this.#within(here, alive)
      if (next === undefined) return within.length > 0 || this.#beginsAbove(submodel, path)
      alive = this.enterObject(next, within)
      here = next
    }
    return alive.length > 0
  }

  /** Does a rule begin at an element that does not exist, at a path or above it? */
  #beginsAbove(submodel: Submodel, path: readonly Step[]): boolean {
    return this.grants.some(
      (grant) =>
        grant.path !== undefined && isAtOrBelow(path, grant.path) && resolve(submodel, grant.path) === undefined
    )
  }

  /** The rules that show the children of a container, of those that show itself. */
  #within(container: Container, alive: readonly CompiledGrant[]): readonly CompiledGrant[] {
    const member = childrenMember(container.modelType)
    return member === undefined ? alive : alive.filter((grant) => !this.isHidden(grant, container, member))
  }

  /** The rules that show an object, of those that show what it stands in. */
  enterObject(object: object, alive: readonly CompiledGrant[]): readonly CompiledGrant[] {
    const begins = this.begins.get(object)?.filter((grant) => !alive.includes(grant)) ?? []
    return [...alive, ...begins].filter((grant) => !this.#hidden.get(grant)?.objects.has(object))
  }
}

function elementsAt(submodel: Submodel, path: readonly Step[]): readonly object[] {
  if (path.length === 0) return childrenOf(submodel)
  let here: Container | undefined = submodel
  for (const step of path) here = here && child(here, step)
  return here === undefined ? [] : [here]
}

/** The rules of a document, and the containers in it that are shown only for what is visible below them. */
interface Framed {
  readonly scope: Scope
  readonly frames: ReadonlySet<object>
}

const NO_FRAMES: ReadonlySet<object> = new Set()

/** The submodel and the containers above the elements at which rules begin. */
function containersOf(
  submodel: Submodel,
  { grants }: Scope,
  isKnown: (path: readonly Step[]) => boolean
): ReadonlySet<object> {
  const containers = new Set<object>()
  for (const { path = [] } of grants.filter(({ path }) => path !== undefined)) {
    const above = path.map((_, depth) => path.slice(0, depth))
    if (!above.every(isKnown)) continue
    containers.add(submodel)
    for (const one of above) {
      const container = resolve(submodel, one)
      if (container !== undefined) containers.add(container)
    }
  }
  return containers
}

/** The part of a value that some rule shows; undefined if none does. A list without visible items is left out. */
function prune(value: unknown, alive: readonly CompiledGrant[], framed: Framed): unknown {
  if (alive.length === 0) return framed.frames.has(value as object) ? frame(value as Container, framed) : undefined
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return pruneList(value, alive, framed)?.shown
  const children = childrenMember((value as Container).modelType)
  let copy: Record<string, unknown> | undefined
  for (const [name, held] of Object.entries(value)) {
    const within = alive.filter((grant) => !framed.scope.isHidden(grant, value, name))
    const list = name === children && Array.isArray(held) ? pruneList(held, within, framed) : undefined
    const shown = name === children && Array.isArray(held) ? list?.shown : pruneItem(held, within, framed)
    if (shown === held) continue
    copy ??= { ...value }
    if (shown === undefined) delete copy[name]
    else copy[name] = shown
    if (list !== undefined) keepIndexes(copy as unknown as Container, list.indexes)
  }
  return copy ?? value
}

function pruneItem(item: unknown, alive: readonly CompiledGrant[], framed: Framed): unknown {
  const isObject = typeof item === 'object' && item !== null && !Array.isArray(item)
  return prune(item, isObject ? framed.scope.enterObject(item, alive) : alive, framed)
}

interface PrunedList {
  readonly shown: readonly unknown[]
  /** Where these stand in the list. */
  readonly indexes: readonly number[]
}

/** Undefined if nothing of it is visible. */
function pruneList(list: readonly unknown[], alive: readonly CompiledGrant[], framed: Framed): PrunedList | undefined {
  if (list.length === 0) return alive.length === 0 ? undefined : { shown: list, indexes: [] }
  const pruned = list.map((item) => pruneItem(item, alive, framed))
  if (pruned.every((item, index) => item === list[index])) return { shown: list, indexes: [...list.keys()] }
  const indexes = [...list.keys()].filter((index) => pruned[index] !== undefined)
  return indexes.length === 0 ? undefined : { shown: indexes.map((index) => pruned[index]), indexes }
}

/** Of a container that is shown only for what is visible below it. */
const FRAME_MEMBERS: ReadonlySet<string> = new Set([
  ...['modelType', 'id', 'idShort', 'kind', 'semanticId'],
  ...['entityType', 'orderRelevant', 'typeValueListElement', 'valueTypeListElement']
])

function frame(container: Container, framed: Framed): object | undefined {
  const children = pruneList(childrenOf(container), [], framed)
  const member = childrenMember(container.modelType)
  if (children === undefined || member === undefined) return undefined
  const members = Object.entries(container).filter(([name]) => FRAME_MEMBERS.has(name))
  const shown = { ...Object.fromEntries(members), [member]: children.shown } as unknown as Container
  keepIndexes(shown, children.indexes)
  return shown
}

/** One that is invalid, or takes too long, does not hold. */
function independent(condition: Condition): Condition {
  return { is: 'some', of: [condition] }
}
