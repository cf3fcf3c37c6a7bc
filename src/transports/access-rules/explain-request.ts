/** Explains what the rules decide on a request. */
import { HubError } from '../../errors.ts'
import { formatFragment } from '../../model/condition/fragment.ts'
import { formatPath } from '../../model/path.ts'
import type { Submodel } from '../../model/types.ts'
import { resolve } from '../../model/walk.ts'
import { type ApiEndpoint, aliasPathsOf, endpoints } from '../../operations/mounts.ts'
import { rightOf, targetsOf } from '../../operations/required-right.ts'
import { describeCondition } from '../../security/describe-condition.ts'
import { explain, type RuleExplanation } from '../../security/explain.ts'
import type { Policy } from '../../security/policy.ts'
import { describeRight, type RequiredRight, type Right, rightsOf } from '../../security/rights.ts'
import type { AccessSubject } from '../../security/subject.ts'
import type { Moment } from '../../security/substitute.ts'
import { type AccessTarget, requestPaths } from '../../security/target.ts'
import { readReferences } from '../../security/value-references.ts'
import { DocumentView } from '../../security/view.ts'
import { unlessDamaged } from '../../store/damage.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import type { ExtensionEndpoint } from '../http/extension-endpoint.ts'
import { decodeId } from '../http/identifiers.ts'

export interface RequestToExplain {
  readonly subject: AccessSubject
  readonly method: string
  /** With or without the prefix of the API. */
  readonly path: string
  readonly apiPrefix: string
  readonly extensions: readonly ExtensionEndpoint[]
  /** Where documents and referenced values are read; without it they are unknown. */
  readonly store?: DocumentStore
}

/** In the form of JSON, which the hub answers and the command prints. */
export interface RequestExplanation {
  readonly operation: string
  /** In words, e.g. `CREATE if it does not exist, UPDATE if it does`. */
  readonly requires: string
  readonly targets: readonly { readonly target: DescribedTarget; readonly verdicts: readonly VerdictExplanation[] }[]
}

export interface DescribedTarget {
  readonly kind?: string
  readonly id?: string
  readonly path?: string
}

export interface VerdictExplanation {
  readonly right: Right
  readonly verdict: 'allowed' | 'refused' | 'conditional'
  /** What the rules allow of the target as it is stored; `absent`: it is not stored. */
  readonly stored?: 'all' | 'part' | 'nothing' | 'absent'
  readonly rules: readonly DescribedRule[]
}

export interface DescribedRule extends Pick<RuleExplanation, 'rule' | 'grants' | 'reason'> {
  /** In AASQL. */
  readonly condition?: unknown
  readonly filters?: readonly { readonly fragment: string; readonly condition: unknown }[]
}

/** @throws HubError NotFound where nothing is served */
export async function explainRequest(policy: Policy, request: RequestToExplain): Promise<RequestExplanation> {
  const { operation, required, targets } = findRequest(request)
  const moment = await momentOf(policy, request)
  const explained: RequestExplanation['targets'][number][] = []
  for (const target of targets) {
    const verdicts: VerdictExplanation[] = []
    for (const right of rightsOf(required)) verdicts.push(await verdictOn(policy, request, right, target, moment))
    explained.push({ target: describeTarget(target), verdicts })
  }
  return { operation, requires: required === 'PUBLIC' ? 'no right' : describeRight(required), targets: explained }
}

async function momentOf(policy: Policy, { subject, store }: RequestToExplain): Promise<Moment> {
  const now = new Date()
  if (store === undefined) return { now }
  const texts = await readReferences(store, policy.forSubject(subject).references)
  return { now, readReference: ({ text }) => texts.get(text) }
}

async function verdictOn(
  policy: Policy,
  { subject, store }: RequestToExplain,
  right: Right,
  target: AccessTarget,
  moment: Moment
): Promise<VerdictExplanation> {
  const { verdict, rules } = explain(policy, subject, right, target, moment)
  const stored = store && (await accessToStored(policy, subject, right, target, moment, store))
  return { right, verdict, ...(stored && { stored }), rules: rules.map(describeRule) }
}

/** Undefined where the target is no single document. */
async function accessToStored(
  policy: Policy,
  subject: AccessSubject,
  right: Right,
  target: AccessTarget,
  moment: Moment,
  store: DocumentStore
): Promise<VerdictExplanation['stored']> {
  const { kind, id, path } = target
  if (kind === undefined || id === undefined) return undefined
  const stored = await unlessDamaged(store.document(kind, id))
  if (stored === undefined) return 'absent'
  const document = JSON.parse(stored.bytes.toString()) as object
  const view = new DocumentView(policy.forSubject(subject).decide(right, target, moment), kind)
  const whole = path === undefined ? document : resolve(document as Submodel, path)
  const visible = path === undefined ? view.visible(document) : view.visibleElement(document as Submodel, path)
  if (whole === undefined) return 'absent'
  return visible === undefined ? 'nothing' : JSON.stringify(visible) === JSON.stringify(whole) ? 'all' : 'part'
}

function describeTarget({ kind, id, path }: AccessTarget): DescribedTarget {
  return { ...(kind && { kind }), ...(id !== undefined && { id }), ...(path && { path: formatPath(path) }) }
}

function describeRule({ rule, grants, reason, condition, filters }: RuleExplanation): DescribedRule {
  return {
    rule,
    grants,
    ...(reason !== undefined && { reason }),
    ...(condition && { condition: describeCondition(condition) }),
    ...(filters && {
      filters: filters.map((filter) => ({
        fragment: formatFragment(filter.fragment),
        condition: describeCondition(filter.condition)
      }))
    })
  }
}

interface FoundRequest {
  readonly operation: string
  readonly required: RequiredRight
  readonly targets: readonly AccessTarget[]
}

function findRequest({ method, path, apiPrefix, extensions }: RequestToExplain): FoundRequest {
  const routes = requestPaths(path.replace(/[?#].*$/s, ''), apiPrefix)
  const [below = ''] = routes
  const verb = method.toUpperCase() === 'HEAD' ? 'GET' : method.toUpperCase()
  for (const endpoint of endpoints) {
    if (endpoint.verb !== verb) continue
    const params = [endpoint.path, ...aliasPathsOf(endpoint)].map((one) => matchPath(one, below)).find(Boolean)
    if (params !== undefined) return ofEndpoint(endpoint, params, routes)
  }
  const extension = extensions.find((one) => matchPath(one.path, below) !== undefined)
  const operation = { GET: extension?.get, POST: extension?.post, PUT: extension?.put, DELETE: extension?.delete }[verb]
  if (operation === undefined) throw new HubError('NotFound', ['The endpoint', `${verb} ${path}`])
  const { operationId, right } = operation
  return { operation: operationId, required: right, targets: [{ routes }] }
}

function ofEndpoint(
  endpoint: ApiEndpoint,
  params: Readonly<Record<string, string>>,
  routes: readonly string[]
): FoundRequest {
  return {
    operation: endpoint.definition.name + (endpoint.content === 'normal' ? '' : ` ($${endpoint.content})`),
    required: rightOf(endpoint),
    targets: targetsOf(endpoint, params, routes)
  }
}

/** The decoded parameters; undefined where the path is another. */
function matchPath(template: string, path: string): Record<string, string> | undefined {
  const [wanted, found] = [template.split('/'), path.split('/')]
  if (wanted.length !== found.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, segment] of wanted.entries()) {
    const text = found[index] ?? ''
    const [, name] = /^\{(\w+)\}$/.exec(segment) ?? []
    if (name === undefined && segment !== text) return undefined
    // What begins with "$" is a modifier, no identifier.
    if (name !== undefined && text.startsWith('$')) return undefined
    if (name !== undefined) params[name] = name.endsWith('Identifier') ? decodeId(text, name) : text
  }
  return params
}
