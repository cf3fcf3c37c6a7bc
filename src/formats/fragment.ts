/** Parses the fragments of filters: the prefix of a field, or any other member, e.g. `$aasdesc#administration`. */
import { ANY, type FieldStep } from '../model/condition/condition.ts'
import type { Fragment } from '../model/condition/fragment.ts'
import { type Root, fields as rootFields } from '../model/condition/grammar.ts'
import { documentRoot, type Subject, subjects } from '../model/condition/subject.ts'
import { type Field, fieldsOf, heirsOf } from '../model/fields.ts'
import { suggest } from './suggest.ts'

const classOfRoot: Readonly<Record<Root, string>> = {
  $aas: 'AssetAdministrationShell',
  $sm: 'Submodel',
  $sme: 'SubmodelElement',
  $cd: 'ConceptDescription',
  $aasdesc: 'AssetAdministrationShellDescriptor',
  $smdesc: 'SubmodelDescriptor'
}

/** Names in the standard's grammar that are not those of the metamodel. */
const aliases: Readonly<Record<string, readonly string[]>> = {
  extension: ['extensions'],
  protocolinformation: ['protocolInformation'],
  supplementalSemanticId: ['supplementalSemanticIds']
}

/** Release 3.1 leaves out the member between. */
const assetMembers = new Set(['assetKind', 'assetType', 'globalAssetId', 'specificAssetIds'])

const SEGMENT = /^([A-Za-z][A-Za-z0-9_-]*)((?:\[[0-9]*\])*)$/

/** @returns the fragment, or a sentence that says what was expected */
export function parseFragment(text: string): Fragment | string {
  const [, root = '', path, attribute] = /^(\$[a-z]+)(?:\.([^#]*))?(?:#(.*))?$/s.exec(text) ?? []
  if (!Object.hasOwn(rootFields, root)) {
    return `a fragment such as $aasdesc#specificAssetIds[] was expected; the roots are ${Object.keys(rootFields).join(', ')}`
  }
  if (path !== undefined && root !== '$sme') return 'only $sme may be followed by an idShortPath'
  if (attribute === undefined && root !== '$sme') return `a member of ${root} was expected, such as ${root}#idShort`
  const elementPath = path === undefined ? [] : parseSteps(path)
  const steps = attribute === undefined ? [] : parseSteps(attribute)
  if (elementPath === undefined) return 'this is no idShortPath'
  if (steps === undefined) return 'members are separated by dots, with [] or an index behind lists'
  if (root === '$sme' && attribute === 'language') return { root, path: elementPath, steps }
  const [first] = steps
  const full = root === '$aas' && assetMembers.has(String(first)) ? ['assetInformation', ...steps] : steps
  const problem = checkMembers(full, fieldsBelow(classOfRoot[root as Root]))
  return problem ?? { root: root as Root, path: elementPath, steps: full }
}

/** Would an object be invalid without it? Items of lists, and the lists, can be left out. */
export function isRequired({ root, steps }: Fragment): boolean {
  let fields = fieldsBelow(classOfRoot[root])
  let last: Field | undefined
  for (const step of steps) {
    last = fields.find(({ name }) => name === step)
    fields = last === undefined ? fields : fieldsBelow(last.type)
  }
  // Part 2 allows to leave out the valueType of elements.
  return last?.required === true && !last.many && last.name !== 'valueType'
}

/** The kind of document that holds such fragments. */
export function kindOfFragment({ root }: Fragment): Subject {
  const own = documentRoot({ root, path: [], attribute: '', steps: [] })
  return (Object.keys(subjects) as Subject[]).find((kind) => subjects[kind].root === own) as Subject
}

function parseSteps(text: string): FieldStep[] | undefined {
  const segments = text.split('.').map((segment) => SEGMENT.exec(segment))
  if (segments.some((segment) => segment === null)) return undefined
  return segments.flatMap((segment) => {
    const [, name = '', brackets = ''] = segment ?? []
    const indexes = [...brackets.matchAll(/\[([0-9]*)\]/g)].map(([, index = '']) =>
      index === '' ? ANY : Number(index)
    )
    return [...(Object.hasOwn(aliases, name) ? (aliases[name] ?? []) : [name]), ...indexes]
  })
}

/** A sentence if a member is unknown, or brackets stand behind what is no list. */
function checkMembers(steps: readonly FieldStep[], fields: readonly Field[]): string | undefined {
  const [name, next, ...rest] = steps
  if (name === undefined) return undefined
  const field = fields.find((one) => one.name === name)
  if (field === undefined) {
    const near = suggest(
      String(name),
      fields.map((one) => one.name)
    )
    return `${JSON.stringify(name)} is no member here${near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`}`
  }
  const indexed = next === ANY || typeof next === 'number'
  if (indexed && !field.many) return `${JSON.stringify(name)} is no list`
  if (next === undefined || (indexed && rest.length === 0)) return undefined
  return checkMembers(indexed ? rest : steps.slice(1), field.many && !indexed ? [] : fieldsBelow(field.type))
}

/** The members of a class; of an abstract one those of all its heirs. */
function fieldsBelow(className: string): readonly Field[] {
  return [...fieldsOf(className), ...heirsOf(className).flatMap((name) => fieldsOf(name))]
}
