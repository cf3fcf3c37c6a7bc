/** `aas-hub access …`: checks access rules, prints the built-in roles, explains decisions. Needs no hub. */
import { HubError } from '../errors.ts'
import { parseJson } from '../formats/json.ts'
import { type ApiEndpoint, aliasPathsOf, endpoints } from '../operations/mounts.ts'
import { rightOf, targetsOf } from '../operations/required-right.ts'
import { type Explanation, explain } from '../security/explain.ts'
import { Policy } from '../security/policy.ts'
import { type RequiredRight, rightsOf } from '../security/rights.ts'
import { roles } from '../security/roles.ts'
import type { AccessRule } from '../security/rule.ts'
import { parseAccessRules } from '../security/rule-parser.ts'
import type { AccessSubject } from '../security/subject.ts'
import { type AccessTarget, requestPaths } from '../security/target.ts'
import type { ExtensionEndpoint } from '../transports/http/extension-endpoint.ts'
import { decodeId } from '../transports/http/identifiers.ts'

/** The rules of the built-in roles. */
export function roleRules(): AccessRule[] {
  return Object.entries(roles).flatMap(([role, model]) => parseAccessRules(model, role).rules)
}

/** @throws HubError NotFound */
export function roleModels(role: string | undefined): object {
  if (role === undefined) return roles
  const model = Object.hasOwn(roles, role) ? roles[role] : undefined
  if (model === undefined) throw new HubError('NotFound', ['The role', role])
  return model
}

export interface ExplainedRequest {
  readonly operation: string
  readonly required: RequiredRight
  readonly targets: readonly { readonly target: AccessTarget; readonly explanations: readonly Explanation[] }[]
}

export interface RequestToExplain {
  readonly subject: AccessSubject
  readonly method: string
  /** With or without the prefix of the API. */
  readonly path: string
  readonly apiPrefix: string
  readonly extensions: readonly ExtensionEndpoint[]
}

/** @throws HubError NotFound where nothing is served */
export function explainRequest(rules: readonly AccessRule[], request: RequestToExplain): ExplainedRequest {
  const { operation, required, targets } = findRequest(request)
  const policy = new Policy(rules)
  const moment = { now: new Date() }
  return {
    operation,
    required,
    targets: targets.map((target) => ({
      target,
      explanations: rightsOf(required).map((right) => explain(policy, request.subject, right, target, moment))
    }))
  }
}

/**
 * Parses who is asking: a JSON object of claims, `name=value` pairs separated by commas, or `anonymous`. A name that
 * is repeated is a list.
 * @throws HubError BadRequest
 */
export function parseSubject(text: string): AccessSubject {
  if (text === 'anonymous') return {}
  if (text.startsWith('{')) return { claims: parseJson(text) as Record<string, unknown> }
  const claims: Record<string, unknown> = {}
  for (const pair of text.split(',')) {
    const [, name, value = ''] = /^([^=]+)=(.*)$/s.exec(pair) ?? []
    if (name === undefined) {
      throw new HubError('BadRequest', [`--as is ${JSON.stringify(text)}, expected JSON, name=value or anonymous`])
    }
    claims[name] = Object.hasOwn(claims, name) ? [claims[name], value].flat() : value
  }
  return { claims }
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
  const extension = extensions.find((one) => one.path === below)
  const operation = verb === 'GET' ? extension?.get : verb === 'POST' ? extension?.post : undefined
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
