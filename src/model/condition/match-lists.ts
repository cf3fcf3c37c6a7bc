/** The list that a `$match` refers to (Part 2, "Match of Elements in Lists"). */

import { ANY, type Comparison, type FieldIdentifier, type FieldStep, type Match, type Operand } from './condition.ts'
import { formatSteps } from './field.ts'
import type { Root } from './grammar.ts'

/** The fields of a comparison: none, one or two. */
export function fieldsOfComparison({ left, right }: Comparison): FieldIdentifier[] {
  return [left, right].flatMap((operand) => fieldOf(operand) ?? [])
}

/** All comparisons within, at any depth. */
export function comparisonsOf(match: Match): Comparison[] {
  return match.of.flatMap((one) => (one.is === 'match' ? comparisonsOf(one) : one.is === 'comparison' ? [one] : []))
}

/**
 * Why comparisons are not allowed together in a `$match`. Fields of the innermost root must all refer to the same list;
 * attributes of the enclosing submodel or shell are allowed too, as in the standard's example (`$sm#idShort` with
 * `$sme.Documents[]…`). Without any `[]`, the list is that of the submodel's elements, or of the shell's submodels.
 *
 * @param comparisons all within the outermost `$match`
 * @returns a sentence per comparison, undefined if it is allowed
 */
export function strayComparisons(comparisons: readonly Comparison[]): (string | undefined)[] {
  const fields = comparisons.map(fieldsOfComparison)
  const all = fields.flat()
  const root = hierarchy.findLast((root) => all.some((field) => field.root === root)) ?? all[0]?.root
  const list = all.filter((field) => field.root === root).flatMap((field) => listOf(field) ?? [])[0]
  return fields.map((those) => {
    if (those.length === 0) return 'a comparison within $match needs a field'
    if (those.every((field) => isAround(field, root) || (field.root === root && listOf(field) === list))) {
      return list !== undefined || root === '$sm' || root === '$sme'
        ? undefined
        : 'there is no list here; $match needs a field with "[]", or of $sm or $sme'
    }
    return `this does not refer to the list of the others, ${list ?? root}`
  })
}

const hierarchy: readonly (Root | undefined)[] = ['$aas', '$sm', '$sme']

function isAround(field: FieldIdentifier, root: Root | undefined): boolean {
  const depth = hierarchy.indexOf(field.root)
  return depth !== -1 && depth < hierarchy.indexOf(root)
}

/** The first list of a field, up to its `[]`. Lists within an element come after the list of elements. */
function listOf({ root, path, steps }: FieldIdentifier): string | undefined {
  if (root !== '$sme') return listIn(`${root}#`, steps)
  return listIn(`${root}.`, path)
}

function listIn(prefix: string, steps: readonly FieldStep[]): string | undefined {
  const at = steps.indexOf(ANY)
  return at === -1 ? undefined : prefix + formatSteps(steps.slice(0, at + 1))
}

/** The field at the bottom of an operand. */
function fieldOf(operand: Operand): FieldIdentifier | undefined {
  if (operand.is === 'cast' || operand.is === 'part') return fieldOf(operand.of)
  return operand.is === 'field' ? operand.field : undefined
}
