/** Field identifiers: `root [ "." idShortPath ] "#" attribute` (Part 2, "Identification of Fields"). */

import { ANY, type FieldIdentifier, type FieldStep } from './condition.ts'
import { attributesOf, BRACKETS_OPTIONAL, FORMER_NAME, fields, isReference, type Root } from './grammar.ts'

/** Why a text is not a field identifier: a sentence, and for a wrong name that name and the allowed ones. */
export interface FieldProblem {
  readonly problem: string
  readonly written?: string
  readonly allowed?: readonly string[]
}

const SEGMENT = /^[A-Za-z](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?((?:\[[0-9]*\])*)$/
const INDEXES = /\[([0-9]*)\]/g

const known = new Map<Root, ReadonlySet<string>>()
for (const root of Object.keys(fields) as Root[]) known.set(root, new Set(attributesOf(root, true)))

/** Parses a field identifier, also in the spellings of the standard's prose (see `BRACKETS_OPTIONAL`). */
export function parseField(text: string): FieldIdentifier | FieldProblem {
  const hash = text.indexOf('#')
  if (hash === -1) return { problem: 'a field is a root, "#" and an attribute, like $sm#idShort' }
  const dot = text.slice(0, hash).indexOf('.')
  const root = text.slice(0, dot === -1 ? hash : dot)
  const attributes = known.get(root as Root)
  if (attributes === undefined) return { problem: 'no such root', written: root, allowed: [...known.keys()] }
  if (dot !== -1 && root !== '$sme') return { problem: 'only $sme may be followed by an idShortPath [AASa-005]' }
  const path = dot === -1 ? [] : parseElementPath(text.slice(dot + 1, hash))
  if (path === undefined) return { problem: 'this is not an idShortPath' }

  const current = text.slice(hash + 1).replace(FORMER_NAME, '$1supplementalSemanticIds')
  const written = current.replace(BRACKETS_OPTIONAL, '$1$2[]')
  const attribute = written.replace(INDEXES, ANY)
  if (!attributes.has(attribute)) {
    return { problem: `${root} has no such attribute`, written: attribute, allowed: [...attributes] }
  }
  const steps = written.split('.').flatMap(stepsOf)
  if (isReference(root as Root, attribute)) steps.push('keys', 0, 'value')
  return { root: root as Root, path, attribute, steps }
}

/** Formats steps: `a.b[].c[0]`. */
export function formatSteps(steps: readonly FieldStep[]): string {
  let text = ''
  for (const step of steps) {
    if (step === ANY) text += ANY
    else if (typeof step === 'number') text += `[${step}]`
    else text += text === '' ? step : `.${step}`
  }
  return text
}

function parseElementPath(text: string): FieldStep[] | undefined {
  const segments = text.split('.')
  return segments.every((segment) => SEGMENT.test(segment)) ? segments.flatMap(stepsOf) : undefined
}

/** The name and the indexes of `name[1][]`. */
function stepsOf(segment: string): FieldStep[] {
  const [bracket] = /\[/.exec(segment) ?? []
  const name = bracket === undefined ? segment : segment.slice(0, segment.indexOf('['))
  // Part 2 writes `protocolinformation`, but the member is `protocolInformation`.
  const steps: FieldStep[] = [name === 'protocolinformation' ? 'protocolInformation' : name]
  for (const [, index = ''] of segment.matchAll(INDEXES)) steps.push(index === '' ? ANY : Number(index))
  return steps
}
