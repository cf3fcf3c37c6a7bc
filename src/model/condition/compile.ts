/**
 * The evaluator: compiles a condition to a function of a document. A comparison is true if it holds for any of the texts
 * of its fields; an invalid one (an impossible cast) makes every combination with it invalid, and the document does not
 * match (Part 2, "Comparison Operators").
 */
import { HubError } from '../../errors.ts'
import type { Comparison, Condition, FieldIdentifier, Match } from './condition.ts'
import { type BoundDocuments, clearElementCache, type FieldReader, fieldReader, type ItemLoop } from './field-reader.ts'
import { comparisonsOf, fieldsOfComparison } from './match-lists.ts'
import { FALSE, INVALID, negated, type OneField, type Resolved, resolve, TRUE, type Verdict } from './resolve.ts'
import { type DocumentRoot, documentRoot, isReadable, type Subject, type SubjectRoots, subjects } from './subject.ts'

export interface CompiledCondition {
  /**
   * Documents that `matches` needs in addition: the stored submodels that a shell refers to, or the stored shells that
   * refer to a submodel. Undefined if none.
   */
  readonly joins: 'Submodel' | 'AssetAdministrationShell' | undefined
  /**
   * @param related see `joins`; in any order
   * @throws HubError `BadRequest` if the evaluation would take too long
   */
  matches(document: object, related?: readonly object[]): boolean
}

/**
 * Compiles a condition for documents of one kind.
 *
 * Each pair of a shell and a submodel is evaluated separately: all conditions on `$aas`, `$sm` and `$sme` refer to the
 * same pair (Part 2, "Search in AAS Hierarchy"), but a `$match` on the joined root searches for a pair of its own.
 * Conditions on roots that do not belong to the subject match nothing.
 *
 * @param pinned items that stand for the whole list they are in
 */
export function compile(condition: Condition, subject: Subject, pinned?: PinnedItems): CompiledCondition {
  const place: CompileContext = { ...subjects[subject], ...(pinned && { pinned }) }
  const { root, joined } = place
  const roots = rootsOf(condition)
  const joins =
    joined !== undefined && roots.has(joined) ? (joined === '$sm' ? 'Submodel' : 'AssetAdministrationShell') : undefined
  const node = compileCondition(condition, place, true)
  return {
    joins,
    matches(document, related = []) {
      const scope: EvaluationScope = { documents: { [root]: document }, related: joins === undefined ? [] : related }
      clearElementCache()
      // A shell without submodels is evaluated alone.
      if (joined === undefined || scope.related.length === 0) return node.evaluate(scope) === TRUE
      return scope.related.some((other) => {
        scope.documents[joined] = other
        return node.evaluate(scope) === TRUE
      })
    }
  }
}

/** By key of the loop: the only item that is looked at. May change between evaluations. */
export type PinnedItems = ReadonlyMap<string, object>

interface CompileContext extends SubjectRoots {
  readonly pinned?: PinnedItems
}

interface EvaluationScope {
  readonly documents: BoundDocuments
  readonly related: readonly object[]
}

interface ConditionNode {
  readonly evaluate: (scope: EvaluationScope) => Verdict
  /** Can it be invalid? */
  readonly fallible: boolean
}

/** @param decides only true matters here, so the first result that is not true decides */
function compileCondition(condition: Condition, place: CompileContext, decides = false): ConditionNode {
  switch (condition.is) {
    case 'constant':
      return constant(condition.value ? TRUE : FALSE)
    case 'comparison':
      return compileComparison(condition, place)
    case 'match':
      return compileMatch(condition, place)
    case 'not': {
      const { evaluate, fallible } = compileCondition(condition.of, place)
      return { evaluate: (scope) => negated(evaluate(scope)), fallible }
    }
    case 'and':
      return combine(
        condition.of.map((one) => compileCondition(one, place, decides)),
        FALSE,
        decides
      )
    case 'or':
      return combine(
        condition.of.map((one) => compileCondition(one, place)),
        TRUE,
        false
      )
    case 'some':
      return combineIndependent(condition.of.map((one) => compileCondition(one, place, true)))
  }
}

/** True if one is true. One that is invalid, or that would take too long, says nothing about the others. */
function combineIndependent(nodes: readonly ConditionNode[]): ConditionNode {
  const isTrue = ({ evaluate }: ConditionNode, scope: EvaluationScope): boolean => {
    try {
      return evaluate(scope) === TRUE
    } catch (error) {
      if (error instanceof HubError) return false
      throw error
    }
  }
  return { evaluate: (scope) => (nodes.some((node) => isTrue(node, scope)) ? TRUE : FALSE), fallible: false }
}

/** @param settles the verdict that decides the combination, unless another one is invalid */
function combine(nodes: readonly ConditionNode[], settles: Verdict, decides: boolean): ConditionNode {
  // Conditions that cannot be invalid are skipped once the result is settled.
  const [sure, unsure] = [nodes.filter(({ fallible }) => !fallible), nodes.filter(({ fallible }) => fallible)]
  const evaluate = (scope: EvaluationScope): Verdict => {
    let settled = false
    for (const { evaluate } of sure) {
      if (evaluate(scope) !== settles) continue
      settled = true
      break
    }
    if (settled && decides) return settles
    for (const { evaluate } of unsure) {
      const verdict = evaluate(scope)
      if (verdict === INVALID || (decides && verdict === settles)) return verdict
      if (verdict === settles) settled = true
    }
    return settled === (settles === TRUE) ? TRUE : FALSE
  }
  return { evaluate, fallible: unsure.length > 0 }
}

function constant(verdict: Verdict): ConditionNode {
  return { evaluate: () => verdict, fallible: verdict === INVALID }
}

function compileComparison(comparison: Comparison, place: CompileContext): ConditionNode {
  if (!fieldsOfComparison(comparison).every((field) => isReadable(field, place))) return constant(INVALID)
  const resolved = resolve(comparison)
  if (resolved.is === 'settled') return constant(resolved.verdict)
  const evaluate = evaluateFields(resolved, 0, place)
  return { evaluate: ({ documents }) => evaluate(documents), fallible: resolved.fallible }
}

function compileMatch(match: Match, place: CompileContext): ConditionNode {
  const comparisons = comparisonsOf(match)
  const fields = comparisons.flatMap(fieldsOfComparison)
  if (!fields.every((field) => isReadable(field, place))) return constant(INVALID)
  const all = groupParts(partsOf(match, new Set(), place), 0)
  const { joined } = place
  if (joined === undefined || !fields.some(({ root }) => root === joined)) {
    return { evaluate: ({ documents }) => all(documents, documents), fallible: true }
  }
  const evaluate = ({ documents, related }: EvaluationScope): Verdict => {
    const outer = documents[joined]
    const verdict = any(related, (other) => {
      documents[joined] = other
      return all(documents, documents)
    })
    documents[joined] = outer
    return verdict
  }
  return { evaluate, fallible: true }
}

/** A comparison or inner `$match` within a `$match`. */
interface MatchPart {
  /** The loops that it may share with other parts. */
  readonly chain: readonly ItemLoop[]
  /** @param depth number of loops already entered; `at` is the current item of the innermost */
  build(depth: number): EvaluateItem
}

type EvaluateItem = (at: object, documents: BoundDocuments) => Verdict

/** @param held keys of the loops that an outer part iterates */
function partsOf(match: Match, held: ReadonlySet<string>, context: CompileContext): MatchPart[] {
  const direct = match.of.flatMap((one): MatchPart[] => {
    if (one.is === 'match') return []
    return [one.is === 'comparison' ? partOfComparison(resolve(one), context) : constantPart(one.value)]
  })
  const inner = match.of.filter((one) => one.is === 'match')
  if (inner.length === 0) return direct
  const chains = direct.some((part) => !isFixed(part))
    ? direct.map(({ chain }) => chain)
    : inner.flatMap((one) => firstLists(one, context))
  const all = new Set([...held, ...chains.flat().map(({ key }) => key)])
  return [...direct, ...inner.map((one) => partOfMatch(one, all, context))]
}

/** An inner `$match` uses the items of the outer loops and iterates further loops itself. */
function partOfMatch(match: Match, held: ReadonlySet<string>, context: CompileContext): MatchPart {
  const parts = partsOf(match, held, context)
  const [first = [], ...others] = parts.filter((part) => !isFixed(part)).map(({ chain }) => chain)
  const shared = others.reduce(sharedLoops, first)
  const end = shared.findIndex(({ key }) => !held.has(key))
  return { chain: end === -1 ? shared : shared.slice(0, end), build: (depth) => groupParts(parts, depth) }
}

/** The loops down to the first list of each field: those held by a `$match` that contains only others. */
function firstLists(match: Match, context: CompileContext): (readonly ItemLoop[])[] {
  return comparisonsOf(match)
    .flatMap(fieldsOfComparison)
    .map((field) => {
      const loops = loopsOf(field, context)
      return loops.slice(0, loops.findIndex(({ list }) => list) + 1)
    })
}

function constantPart(value: boolean): MatchPart {
  return { chain: [], build: () => () => (value ? TRUE : FALSE) }
}

function partOfComparison(resolved: Resolved, context: CompileContext): MatchPart {
  if (resolved.is === 'settled') return { chain: [], build: () => () => resolved.verdict }
  // Two fields share the loops down to their last common list.
  const chain =
    resolved.is === 'one field'
      ? loopsOf(resolved.field, context)
      : sharedLoops(loopsOf(resolved.left, context), loopsOf(resolved.right, context))
  return { chain, build: (depth) => evaluateFields(resolved, depth, context) }
}

/** It loops over nothing but the document, so it can be evaluated anywhere. */
function isFixed({ chain }: MatchPart): boolean {
  return chain.length <= 1
}

/**
 * Evaluates all parts for the same items. Parts without further loops are evaluated for the current item; the others are
 * grouped by their next loop. An item fails if one part is false; it is invalid only if all other parts are true.
 */
function groupParts(parts: readonly MatchPart[], depth: number): EvaluateItem {
  const evaluators: EvaluateItem[] = []
  const further = new Map<string, { readonly loop: ItemLoop; readonly parts: MatchPart[] }>()
  for (const part of parts) {
    const loop = part.chain[depth]
    if (isFixed(part) && depth > 0) {
      const evaluate = part.build(0)
      evaluators.push((_, documents) => evaluate(documents, documents))
    } else if (loop === undefined) evaluators.push(part.build(depth))
    else {
      const others = further.get(loop.key)
      if (others === undefined) further.set(loop.key, { loop, parts: [part] })
      else others.parts.push(part)
    }
  }
  for (const { loop, parts } of further.values()) {
    const below = groupParts(parts, depth + 1)
    evaluators.push((at, documents) => any(loop.items(at), (item) => below(item, documents)))
  }
  return (at, documents) => {
    let verdict: Verdict = TRUE
    for (const evaluate of evaluators) {
      const found = evaluate(at, documents)
      if (found === FALSE) return FALSE
      if (found === INVALID) verdict = INVALID
    }
    return verdict
  }
}

type WithFields = Exclude<Resolved, { is: 'settled' }>

/** @param depth number of loops already entered; the function takes the current item, or the documents */
function evaluateFields(resolved: WithFields, depth: number, context: CompileContext): (at: object) => Verdict {
  if (resolved.is === 'one field') {
    return anyTextPasses(loopsOf(resolved.field, context), depth, fieldReader(resolved.field).text, resolved.test)
  }
  const { left, right, test, ifAbsent, maxPairs } = resolved
  const [readLeft, readRight] = [textsOf(left, depth, context), textsOf(right, depth, context)]
  return (at) => {
    const [ones, others] = [readLeft(at), readRight(at)]
    if (ones.length === 0 && others.length === 0) return ifAbsent
    if (ones.length * others.length > maxPairs) throw new HubError('BadRequest', [TOO_MANY_PAIRS])
    return any(ones, (one) => any(others, (other) => test(one, other)))
  }
}

const TOO_MANY_PAIRS = 'The query compares two fields that both have many values, which takes too long; use a literal'

function anyTextPasses(
  loops: readonly ItemLoop[],
  depth: number,
  read: FieldReader['text'],
  test: OneField['test']
): (at: object) => Verdict {
  const loop = loops[depth]
  if (loop === undefined) {
    return (at) => {
      const text = read(at)
      return text === undefined ? FALSE : test(text)
    }
  }
  const below = anyTextPasses(loops, depth + 1, read, test)
  return (at) => any(loop.items(at), below)
}

function textsOf(field: FieldIdentifier, depth: number, context: CompileContext): (at: object) => string[] {
  const { text } = fieldReader(field)
  const loops = loopsOf(field, context).slice(depth)
  return (at) => {
    let items: readonly object[] = [at]
    for (const loop of loops) items = items.flatMap((item) => loop.items(item))
    return [...new Set(items.flatMap((item) => text(item) ?? []))]
  }
}

/** True if true for any item; invalid if invalid for all; false for no items. */
function any<Item>(items: readonly Item[], evaluate: (item: Item) => Verdict): Verdict {
  let verdict: Verdict = items.length === 0 ? FALSE : INVALID
  for (const item of items) {
    const found = evaluate(item)
    if (found === TRUE) return TRUE
    if (found === FALSE) verdict = FALSE
  }
  return verdict
}

/** All loops, beginning with the document. */
function loopsOf(field: FieldIdentifier, { pinned }: CompileContext): readonly ItemLoop[] {
  const { root, loops } = fieldReader(field)
  return [documentLoop(root), ...(pinned === undefined ? loops : loops.map((loop) => pinnedLoop(loop, pinned)))]
}

function pinnedLoop(loop: ItemLoop, pinned: PinnedItems): ItemLoop {
  return {
    ...loop,
    items: (of) => {
      const item = pinned.get(loop.key)
      return item === undefined ? loop.items(of) : [item]
    }
  }
}

function documentLoop(root: DocumentRoot): ItemLoop {
  const items = (documents: BoundDocuments): readonly object[] => {
    const document = documents[root]
    return document === undefined ? [] : [document]
  }
  return { key: root, list: false, items }
}

function sharedLoops(one: readonly ItemLoop[], other: readonly ItemLoop[]): readonly ItemLoop[] {
  const end = one.findIndex((loop, index) => loop.key !== other[index]?.key)
  return end === -1 ? one : one.slice(0, end)
}

function rootsOf(condition: Condition): Set<DocumentRoot> {
  if (condition.is === 'constant') return new Set()
  if (condition.is === 'comparison') {
    return new Set(fieldsOfComparison(condition).map(documentRoot))
  }
  const inner: readonly Condition[] = condition.is === 'not' ? [condition.of] : condition.of
  return new Set(inner.flatMap((one) => [...rootsOf(one)]))
}
