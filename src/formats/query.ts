/** Parses queries of AASQL (Part 2, "Query Language") with the filters of release 3.2, or reports every violation. */
import { HubError } from '../errors.ts'
import type { Condition } from '../model/condition/condition.ts'
import type { FragmentFilter } from '../model/condition/filter.ts'
import type { Fragment } from '../model/condition/fragment.ts'
import type { Subject } from '../model/condition/subject.ts'
import { ConditionParser, excerpt, MAX_REPORTED, type Members } from './condition-parser.ts'
import { isRequired, kindOfFragment, parseFragment } from './fragment.ts'

export interface AasqlQuery {
  /** Ids only. */
  readonly selectId: boolean
  readonly condition: Condition
  /** What is left out of the documents that are found. */
  readonly filters: readonly FragmentFilter[]
}

const MAX_FILTERS = 100

/**
 * Parses a query.
 * @param subject what is asked for; filters must be about it
 * @throws HubError `Invalid`
 */
export function parseQuery(body: unknown, subject: Subject): AasqlQuery {
  const parser = new ConditionParser()
  const query = queryOf(parser, body, subject)
  const { violations } = parser
  if (query === undefined || violations.length > 0) {
    throw new HubError('Invalid', [violations.length], violations.slice(0, MAX_REPORTED))
  }
  return query
}

function queryOf(parser: ConditionParser, body: unknown, subject: Subject): AasqlQuery | undefined {
  const members = parser.object(body, '')
  if (members === undefined) return undefined
  parser.onlyNamed(members, '', ['$select', '$condition', '$filters'])
  const { $select, $filters = [] } = members
  if ($select !== undefined && $select !== 'id')
    parser.fault('/$select', `"id" was expected; found ${excerpt($select)}`)
  const condition = conditionOf(parser, members, '')
  if (!Array.isArray($filters) || $filters.length > MAX_FILTERS) {
    parser.fault('/$filters', `an array of at most ${MAX_FILTERS} was expected; found ${excerpt($filters)}`)
    return undefined
  }
  const filters = $filters.flatMap((filter, index) => filterOf(parser, filter, `/$filters/${index}`, subject) ?? [])
  return condition && { selectId: $select === 'id', condition, filters }
}

/** `$match` is no member of the standard, but of BaSyx Go; true means what the standard means. */
function filterOf(
  parser: ConditionParser,
  value: unknown,
  pointer: string,
  subject: Subject
): FragmentFilter | undefined {
  const members = parser.object(value, pointer)
  if (members === undefined) return undefined
  parser.onlyNamed(members, pointer, ['$fragment', '$condition', '$match'])
  const { $fragment, $match } = members
  if ($match !== undefined && typeof $match !== 'boolean') {
    parser.fault(`${pointer}/$match`, `true or false was expected; found ${excerpt($match)}`)
  }
  const fragment = fragmentOf($fragment, subject)
  if (typeof fragment === 'string') parser.fault(`${pointer}/$fragment`, `${fragment}; found ${excerpt($fragment)}`)
  const condition = conditionOf(parser, members, pointer)
  if (typeof fragment === 'string' || condition === undefined) return undefined
  return { fragment, condition, ...($match === false && { asWhole: true }) }
}

/** The condition of a query or filter. */
function conditionOf(parser: ConditionParser, members: Members, pointer: string): Condition | undefined {
  if (Object.hasOwn(members, '$condition')) return parser.parse(members.$condition, `${pointer}/$condition`)
  parser.fault(pointer, 'a "$condition" was expected')
  return undefined
}

/** @returns the fragment, or a sentence that says what was expected */
function fragmentOf(held: unknown, subject: Subject): Fragment | string {
  if (typeof held !== 'string') return 'a fragment such as "$sme" was expected'
  const fragment = parseFragment(held)
  if (typeof fragment === 'string') return fragment
  if (kindOfFragment(fragment) !== subject) return `a fragment of a ${subject} was expected`
  return isRequired(fragment) ? 'a member that may be absent was expected' : fragment
}
