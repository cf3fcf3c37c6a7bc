/**
 * The submodel templates that the official test engine knows. It looks at them when nothing else is wrong, and is stricter
 * and looser than the templates themselves: by the first key of a semanticId alone, and every field has a value. Its rules
 * are data (schemas/engine-templates.json).
 */
import { readFileSync } from 'node:fs'
import type { DocumentPath } from '../../../model/document-path.ts'
import type { Submodel, SubmodelElement } from '../../../model/types.ts'

interface EngineTemplates {
  /** By the semanticId of the submodel. */
  readonly templates: Readonly<Record<string, EngineTemplate>>
  readonly fields: Readonly<Record<string, readonly Field[]>>
}

interface EngineTemplate {
  readonly name: string
  readonly fields: string
  /** One of these fields is required. */
  readonly oneOf?: readonly string[]
}

interface Field {
  readonly name: string
  readonly semanticId: string
  readonly count: '1' | '0..1' | '0..*' | '1..*'
  /** `text`, `texts` in languages, `date`, the values allowed, or the name of the fields of a collection. */
  readonly kind: string | readonly string[]
}

interface TemplateFault {
  readonly path: DocumentPath
  readonly text: string
}

let loaded: EngineTemplates | undefined

/** What the engine finds wrong with a submodel; nothing if it does not know its template. */
export function engineTemplateFaults(submodel: Submodel): readonly TemplateFault[] {
  loaded ??= JSON.parse(
    readFileSync(new URL('../../../../schemas/engine-templates.json', import.meta.url), 'utf8')
  ) as EngineTemplates
  const { templates, fields } = loaded
  const id = submodel.semanticId?.keys?.[0]?.value ?? ''
  const template = Object.hasOwn(templates, id) ? templates[id] : undefined
  if (template === undefined) return []
  const { name, oneOf = [] } = template
  const elements = submodel.submodelElements ?? []
  const faults = [...fieldFaults(fields, template.fields, elements, ['submodelElements'])]
  const choices = (fields[template.fields] ?? []).filter((field) => oneOf.includes(field.name))
  if (faults.length === 0 && choices.length > 0 && choices.every((field) => elementsOf(field, elements).length === 0))
    faults.push({ path: [], text: `one of ${oneOf.join(', ')} is required` })
  return faults.map(({ path, text }) => ({ path, text: `${name}: ${text}` }))
}

type Indexed = readonly [index: number, element: SubmodelElement]

function elementsOf({ semanticId }: Field, elements: readonly SubmodelElement[]): readonly Indexed[] {
  return [...elements.entries()].filter(([, element]) => element.semanticId?.keys?.[0]?.value === semanticId)
}

function* fieldFaults(
  all: EngineTemplates['fields'],
  name: string,
  elements: readonly SubmodelElement[],
  at: DocumentPath
): Generator<TemplateFault> {
  for (const field of all[name] ?? []) {
    const found = elementsOf(field, elements)
    const [least, most] = [field.count.startsWith('1') ? 1 : 0, field.count.endsWith('*') ? Infinity : 1]
    if (found.length < least || found.length > most) {
      const text = `${field.name} (${field.semanticId}) is there ${found.length} times, expected ${field.count}`
      yield { path: at.slice(0, -1), text }
    } else for (const [index, element] of found) yield* valueFaults(all, field, element, [...at, index])
  }
}

function* valueFaults(
  all: EngineTemplates['fields'],
  { name, kind }: Field,
  element: SubmodelElement,
  path: DocumentPath
): Generator<TemplateFault> {
  const fields = typeof kind === 'string' ? all[kind] : undefined
  if (fields === undefined) {
    const reason = leafFault(kind, element)
    if (reason !== undefined) yield { path, text: `${name} ${reason}` }
  } else if (element.modelType !== 'SubmodelElementCollection' || element.value === undefined)
    yield { path, text: `${name} is a SubmodelElementCollection with elements` }
  else yield* fieldFaults(all, kind as string, element.value, [...path, 'value'])
}

function leafFault(kind: Field['kind'], element: SubmodelElement): string | undefined {
  if (kind === 'texts')
    return element.modelType === 'MultiLanguageProperty' && element.value !== undefined
      ? undefined
      : 'is a MultiLanguageProperty with a value'
  const valueType = kind === 'date' ? 'xs:date' : 'xs:string'
  if (element.modelType !== 'Property' || element.valueType !== valueType || element.value === undefined)
    return `is a Property of the type ${valueType} with a value`
  const { value } = element
  if (kind === 'date') return /^\d{4}-\d{2}-\d{2}$/.test(value) ? undefined : 'is a date without time zone'
  return typeof kind === 'string' || kind.includes(value) ? undefined : `is one of ${kind.join(', ')}, not "${value}"`
}
