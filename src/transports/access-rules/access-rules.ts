/** `/security/access-rules`: versions of the access rules are added, put in force and explained while the hub runs. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import type { RulesInForce } from '../../security/access.ts'
import { type AuditTrail, ruleAudit } from '../../security/audit-trail.ts'
import { Policy } from '../../security/policy.ts'
import { checkRuleDocument, MAX_RULE_BYTES, type RuleDocument, rulesOf } from '../../security/rule-files.ts'
import type { RuleVersions } from '../../security/rule-versions.ts'
import type { AccessSubject } from '../../security/subject.ts'
import { requestPaths } from '../../security/target.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import { recordedCaller } from '../http/audit.ts'
import { acceptJson } from '../http/body.ts'
import type { BodyBudget } from '../http/body-collector.ts'
import { type EndpointRequest, type ExtensionEndpoint, serve } from '../http/extension-endpoint.ts'
import { activateEndpoint, explainEndpoint, PREVIOUS, versionEndpoint, versionsEndpoint } from './endpoint.ts'
import { explainRequest } from './explain-request.ts'

export interface AccessRulesRoutesOptions {
  readonly rules: RulesInForce
  readonly versions: RuleVersions
  readonly audit: AuditTrail
  /** Puts the active version in force in this process. */
  readonly follow: () => Promise<void>
  /** Documents that are explained, with the rights of the hub. */
  readonly store: DocumentStore
  readonly apiPrefix: string
  readonly bodies: BodyBudget
  readonly extensions: readonly ExtensionEndpoint[]
}

/** Names of rules begin with it; a version that came by HTTP is one document. */
const DOCUMENT_NAME = 'rules.json'
const MAX_DOCUMENTS = 1000

export async function accessRules(app: FastifyInstance, options: AccessRulesRoutesOptions): Promise<void> {
  const { versions, apiPrefix, bodies } = options
  await app.register(async (scope) => {
    acceptJson(scope, bodies)
    serve(scope, apiPrefix, versionsEndpoint, {
      get: () => versions.list(),
      post: (received) => stage(options, received)
    })
    serve(scope, apiPrefix, versionEndpoint, {
      get: async ({ query }) => {
        const { version = (await versions.list()).active } = query()
        return { version, documents: await versions.documents(version) }
      }
    })
    serve(scope, apiPrefix, activateEndpoint, { post: (received) => activate(options, received) })
    serve(scope, apiPrefix, explainEndpoint, { post: (received) => explain(options, received) })
  })
}

async function stage(
  { versions, audit }: AccessRulesRoutesOptions,
  { request, reply, query }: EndpointRequest<(typeof versionsEndpoint)['post']>
): Promise<FastifyReply> {
  const { note } = query()
  const documents = documentsIn(bodyOf(request))
  if (Buffer.byteLength(JSON.stringify(documents)) > MAX_RULE_BYTES) {
    throw new HubError('TooLarge', [`Access rules have at most ${MAX_RULE_BYTES} bytes`])
  }
  const checked = await Promise.all(documents.map(checkRuleDocument))
  const rules = rulesOf(checked).length
  const staged = { documents, rules, author: authorOf(request), activate: false, ...(note !== undefined && { note }) }
  const version = await versions.add(staged, ruleAudit(audit, recordedCaller(request)))
  const warnings = checked.flatMap((document) => document.warnings)
  return reply.code(201).send({ ...version, ...(warnings.length > 0 && { warnings }) })
}

async function activate(
  { versions, follow, audit, apiPrefix }: AccessRulesRoutesOptions,
  { request, query }: EndpointRequest<(typeof activateEndpoint)['post']>
): Promise<object> {
  const { version, force = false } = query()
  if (version === undefined) throw new HubError('BadRequest', ['The parameter "version" is missing'])
  const number = version === PREVIOUS ? await versions.previous() : version
  // Also shows that it is valid here, before it is in force.
  const policy = await policyOf(versions, number)
  const { access } = request
  const paths = requestPaths(activateEndpoint.path, apiPrefix)
  if (access !== undefined && !force && !mayActivate(policy, access.caller.subject, paths)) {
    throw new HubError('Conflict', [
      `Under version ${number} you could not activate another version; with force=true it is activated nevertheless`
    ])
  }
  const author = authorOf(request)
  const more = ruleAudit(audit, recordedCaller(request))
  const active = await (version === PREVIOUS
    ? versions.rollBack(author, more)
    : versions.activate(number, author, more))
  await follow()
  return active
}

function mayActivate(policy: Policy, subject: AccessSubject, routes: readonly string[]): boolean {
  return policy.forSubject(subject).decide('UPDATE', { routes }, { now: new Date() }).is !== 'refused'
}

async function explain(
  { rules, versions, store, apiPrefix, extensions }: AccessRulesRoutesOptions,
  { request, query }: EndpointRequest<(typeof explainEndpoint)['post']>
): Promise<object> {
  const { version } = query()
  const { claims, method, path } = questionIn(bodyOf(request))
  const policy = version === undefined ? rules.policy : await policyOf(versions, version)
  const subject = claims === undefined ? {} : { claims }
  return explainRequest(policy, { subject, method, path, apiPrefix, extensions, store })
}

/** @throws HubError NotFound; Invalid where this hub does not understand the rules */
async function policyOf(versions: RuleVersions, number: number): Promise<Policy> {
  const checked = await Promise.all((await versions.documents(number)).map(checkRuleDocument))
  return new Policy(rulesOf(checked))
}

interface Question {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly method: string
  readonly path: string
}

/** @throws HubError BadRequest */
function questionIn(body: unknown): Question {
  const { claims, method, path } = Object(body) as Record<string, unknown>
  if (typeof method !== 'string' || typeof path !== 'string') {
    throw new HubError('BadRequest', ['An object with "method", "path" and, unless anonymous, "claims" was expected'])
  }
  if (claims !== undefined && (typeof claims !== 'object' || claims === null || Array.isArray(claims))) {
    throw new HubError('BadRequest', ['"claims" is an object'])
  }
  return { method, path, ...(claims !== undefined && { claims: claims as Record<string, unknown> }) }
}

/** An access rule model, or several as `GET …/documents` has them. */
function documentsIn(body: unknown): readonly RuleDocument[] {
  const { documents } = Object(body) as { documents?: unknown }
  if (documents === undefined) return [{ name: DOCUMENT_NAME, model: body }]
  const isList = Array.isArray(documents) && documents.length > 0 && documents.length <= MAX_DOCUMENTS
  if (isList && documents.every((one) => typeof Object(one).name === 'string')) {
    return documents.map(({ name, model }) => ({ name, model }))
  }
  throw new HubError('BadRequest', [`"documents" is a list of 1 to ${MAX_DOCUMENTS} objects with "name" and "model"`])
}

function bodyOf({ body }: FastifyRequest): unknown {
  if (body === undefined) throw new HubError('BadRequest', ['A JSON body is needed'])
  return body
}

function authorOf(request: FastifyRequest): string {
  return recordedCaller(request).name
}
