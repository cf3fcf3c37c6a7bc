/** Elements by idShortPath, in a submodel as it was read. */
import type { Element, LangString, SubmodelDocument } from '../../../../client/api/aas.ts'

export interface Child {
  readonly element: Element
  /** idShortPath within the submodel. */
  readonly path: string
}

/** The elements that a path leads into: not the variables of an operation, which have no address. */
export function childrenOf({ modelType, value, statements, annotations }: Element): readonly Element[] {
  switch (modelType) {
    case 'SubmodelElementCollection':
    case 'SubmodelElementList':
      return (value as readonly Element[] | undefined) ?? []
    case 'Entity':
      return statements ?? []
    case 'AnnotatedRelationshipElement':
      return annotations ?? []
    default:
      return []
  }
}

export function childrenWithPaths(parent: Element, path: string): Child[] {
  return childrenOf(parent).map((element, index) => ({ element, path: joinPath(path, parent, element, index) }))
}

export function rootsOf({ submodelElements = [] }: SubmodelDocument): Child[] {
  return submodelElements.map((element) => ({ element, path: element.idShort ?? '' }))
}

export function findElement(submodel: SubmodelDocument, path: string): Element | undefined {
  let among: readonly Element[] = submodel.submodelElements ?? []
  let found: Element | undefined
  for (const step of stepsOf(path)) {
    found = typeof step === 'number' ? among[step] : among.find(({ idShort }) => idShort === step)
    if (found === undefined) return undefined
    among = childrenOf(found)
  }
  return found
}

/** The submodel with another value of an element. @param value ValueOnly @returns undefined where it has to be read again */
export function withValue(submodel: SubmodelDocument, path: string, value: unknown): SubmodelDocument | undefined {
  const replaced = replaceIn(submodel.submodelElements ?? [], stepsOf(path), value)
  return replaced && { ...submodel, submodelElements: replaced }
}

/** `Order.Items[0].Name` → Order, Items, 0, Name */
export function stepsOf(path: string): (string | number)[] {
  return [...path.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, name = '']) =>
    index === undefined ? name : Number(index)
  )
}

function joinPath(path: string, parent: Element, child: Element, index: number): string {
  return parent.modelType === 'SubmodelElementList' ? `${path}[${index}]` : `${path}.${child.idShort ?? ''}`
}

function replaceIn(
  among: readonly Element[],
  steps: readonly (string | number)[],
  value: unknown
): Element[] | undefined {
  const [step, ...rest] = steps
  const at = typeof step === 'number' ? step : among.findIndex(({ idShort }) => idShort === step)
  const element = among[at]
  if (element === undefined) return undefined
  const replaced = rest.length === 0 ? fromValueOnly(element, value) : replaceBelow(element, rest, value)
  return replaced && among.map((one, index) => (index === at ? replaced : one))
}

function replaceBelow(element: Element, steps: readonly (string | number)[], value: unknown): Element | undefined {
  const below = replaceIn(childrenOf(element), steps, value)
  if (below === undefined) return undefined
  if (element.modelType === 'Entity') return { ...element, statements: below }
  if (element.modelType === 'AnnotatedRelationshipElement') return { ...element, annotations: below }
  return { ...element, value: below }
}

function fromValueOnly(element: Element, value: unknown): Element | undefined {
  switch (element.modelType) {
    case 'Property':
      return { ...element, value: value === null ? undefined : String(value) }
    case 'Range': {
      const { min, max } = value as { readonly min?: unknown; readonly max?: unknown }
      return {
        ...element,
        ...(min !== undefined && { min: String(min) }),
        ...(max !== undefined && { max: String(max) })
      }
    }
    case 'MultiLanguageProperty':
      return { ...element, value: (value as readonly Readonly<Record<string, string>>[]).flatMap(langStrings) }
    default:
      return undefined
  }
}

function langStrings(entry: Readonly<Record<string, string>>): LangString[] {
  return Object.entries(entry).map(([language, text]) => ({ language, text }))
}
