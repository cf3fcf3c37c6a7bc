/**
 * The constraints of Part 1 (AASd-…) and of IEC 61360 (AASc-3a-…), as far as they can be checked within one document.
 * [AASd-002] and [AASd-130] are patterns (patterns.ts); [AASd-006], [AASd-007], [AASd-012] and [AASc-3a-003] need other
 * documents or a human, [AASd-115] is a rule for readers.
 *
 * Rules of Part 1 without a number are named by their type: `ValueDataType`, `LangStringSet`,
 * `ModelReference<Submodel>`, `DateTimeUtc`, `BasicEventElement`.
 */
import type { Violation } from '../../errors.ts'
import { type DocumentPath, idShortPathTo, pointerTo } from '../document-path.ts'
import { type ClassName, classNames, fieldsOf, isA } from '../fields.ts'
import type { KeyTypes, Submodel } from '../types.ts'
import {
  aasd005,
  aasd020,
  aasd021,
  aasd077,
  aasd118,
  extensionValue,
  oneTextPerLanguage,
  propertyValue,
  rangeValues
} from './common.ts'
import {
  aasd014,
  aasd022,
  aasd107,
  aasd108,
  aasd109,
  aasd114,
  aasd117,
  aasd117OfVariable,
  aasd134,
  dayExists,
  maxInterval
} from './elements.ts'
import { aasd116, aasd119, aasd129, aasd131, type ConstraintScope } from './identifiables.ts'
import { aasc3a002, aasc3a008, aasc3a009, aasc3a010, dataTypeOfCategory } from './iec61360.ts'
import { aasd133, isReferableKey, modelReference, referenceKeys } from './references.ts'
import type { Report } from './report.ts'

/**
 * Checks an object of its class, of which any member may be absent: checks also run on documents that violate the schema
 * and on leniently stored ones. `never`, because each check declares its own class. */
type Check = (it: never, report: Report, scope: ConstraintScope) => void

/** The checks of each class; subclasses inherit them. */
const checks: { readonly [Name in ClassName]?: readonly Check[] } = {
  HasExtensions: [aasd077],
  HasSemantics: [aasd118],
  Qualifiable: [aasd021],
  Referable: [oneTextPerLanguage('displayName', 'description')],
  AdministrativeInformation: [aasd005],
  Extension: [extensionValue],
  Qualifier: [aasd020],
  Reference: [referenceKeys],

  AssetAdministrationShell: [
    modelReference('derivedFrom', 'AssetAdministrationShell', is('AssetAdministrationShell')),
    modelReference('submodels', 'Submodel', is('Submodel'))
  ],
  AssetInformation: [aasd131, aasd116],
  SpecificAssetId: [aasd133],
  Submodel: [aasd119, aasd117('submodelElements'), aasd022('submodelElements')],

  SubmodelElement: [aasd129],
  AnnotatedRelationshipElement: [aasd117('annotations'), aasd022('annotations')],
  BasicEventElement: [
    modelReference('observed', 'Referable', isReferableKey),
    modelReference('messageBroker', 'Referable', isReferableKey),
    maxInterval,
    dayExists('lastUpdate')
  ],
  Entity: [aasd014, aasd117('statements'), aasd022('statements')],
  MultiLanguageProperty: [oneTextPerLanguage('value')],
  Operation: [aasd134],
  OperationVariable: [aasd117OfVariable],
  Property: [propertyValue],
  Range: [rangeValues],
  SubmodelElementCollection: [aasd117('value'), aasd022('value')],
  SubmodelElementList: [aasd107, aasd108, aasd109, aasd114],

  EventPayload: [
    modelReference('source', 'EventElement', is('EventElement', 'BasicEventElement')),
    modelReference('observableReference', 'Referable', isReferableKey),
    dayExists('timeStamp')
  ],

  ConceptDescription: [dataTypeOfCategory, aasc3a008],
  DataSpecificationIec61360: [
    aasc3a002,
    aasc3a009,
    aasc3a010,
    oneTextPerLanguage('preferredName', 'shortName', 'definition')
  ]
}

function is(...types: KeyTypes[]): (type: KeyTypes) => boolean {
  return (type) => types.includes(type)
}

/** The checks of a class, and the members to descend into. */
interface ClassPlan {
  readonly checks: readonly Check[]
  readonly members: readonly PlanMember[]
}

interface PlanMember {
  readonly name: string
  readonly many: boolean
  /** Absent for a choice, which the modelType resolves. */
  plan?: ClassPlan
}

const plans = new Map<string, ClassPlan>()
for (const name of classNames) {
  plans.set(name, { checks: checksOf(name), members: membersOf(name) })
}
for (const [name, { members }] of plans) {
  for (const { name: member, sort, type } of fieldsOf(name)) {
    const plan = sort === 'class' ? plans.get(type) : undefined
    const found = members.find((one) => one.name === member)
    if (plan !== undefined && found !== undefined) found.plan = plan
  }
}

function checksOf(name: ClassName): Check[] {
  return (Object.keys(checks) as ClassName[]).flatMap((one) => (isA(name, one) ? (checks[one] ?? []) : []))
}

function membersOf(name: ClassName): PlanMember[] {
  return fieldsOf(name)
    .filter(({ sort, type }) => sort === 'choice' || (sort === 'class' && isWorthIt(type)))
    .map(({ name: member, many }) => ({ name: member, many }))
}

/** Can there be a check for the class or below it? Keys, texts and the like are skipped. */
function isWorthIt(type: string): boolean {
  return (
    checksOf(type as ClassName).length > 0 || fieldsOf(type).some(({ sort }) => sort === 'choice' || sort === 'class')
  )
}

/** JSON Pointers to the parts of a document that violate the JSON Schema. */
export interface SchemaFaults {
  /** Objects with a value of a wrong type below them: not checked themselves, but their members are. */
  readonly unchecked: ReadonlySet<string>
  /** Values of a wrong type: not descended into. */
  readonly closed: ReadonlySet<string>
}

/**
 * Checks every constraint in one walk over the document.
 *
 * @param className the class of the root; an abstract one is resolved by the modelType. A single element is not checked
 *   for what depends on its parent: [AASd-117] and [AASd-022] of itself, [AASd-129].
 * @param value has the types of its class, except for the `faults`; members may be missing
 * @param limit maximal number of violations
 */
export function checkConstraints(
  className: ClassName,
  value: object,
  limit = Number.POSITIVE_INFINITY,
  faults?: SchemaFaults
): Violation[] {
  const found: Violation[] = []
  const here: (string | number)[] = []
  const scope: ConstraintScope = {}
  visit(planFor(plans.get(className), value), value)
  return found

  function visit(plan: ClassPlan | undefined, it: object): void {
    if (plan === undefined || found.length >= limit || isIn(faults?.closed)) return
    if (plan === submodelPlan) scope.submodel = it as Submodel
    if (!isIn(faults?.unchecked)) for (const check of plan.checks) check(it as never, report, scope)
    for (const { name, many, plan: next } of plan.members) {
      const held = (it as Record<string, object | undefined>)[name]
      if (held === undefined) continue
      const depth = here.push(name)
      if (isIn(faults?.closed)) {
        here.length = depth - 1
        continue
      }
      if (many) {
        const items = held as readonly object[]
        for (let index = 0; index < items.length; index++) {
          const item = items[index] as object
          here[depth] = index
          visit(next ?? planFor(undefined, item), item)
        }
        here.length = depth
      } else visit(next ?? planFor(undefined, held), held)
      here.length = depth - 1
    }
  }

  function isIn(pointers: ReadonlySet<string> | undefined): boolean {
    return pointers?.has(pointerTo(here)) === true
  }

  function report(at: DocumentPath, rule: string, text: string): void {
    if (found.length >= limit) return
    const place = [...here, ...at]
    const idShortPath = idShortPathTo(value, place)
    found.push({ pointer: pointerTo(place), ...(idShortPath === undefined ? {} : { idShortPath }), rule, text })
  }
}

const submodelPlan = plans.get('Submodel')

/** The plan for a choice, by the object's modelType. */
function planFor(plan: ClassPlan | undefined, it: object): ClassPlan | undefined {
  const { modelType } = Object(it) as { modelType?: string }
  return modelType === undefined ? plan : plans.get(modelType)
}
