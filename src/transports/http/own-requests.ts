/**
 * Requests that the hub sends to itself, inside the process, when it examines itself. They pass the same hooks as all
 * others; what they show as their network address is what no connection can have, so no other caller can pass for the hub.
 */
import { PassThrough } from 'node:stream'
import type { FastifyInstance, FastifyRequest, InjectOptions } from 'fastify'
import type { Clock } from '../../clock.ts'
import type { HubResponse, RequestContent } from '../../reports/compliance/examined-hub.ts'
import { Access, type AccessParts, RulesInForce } from '../../security/access.ts'
import type { RequestAudit } from '../../security/audit-trail.ts'
import type { Caller } from '../../security/caller.ts'
import { Policy } from '../../security/policy.ts'
import { roles } from '../../security/roles.ts'
import { checkRuleDocument, rulesOf } from '../../security/rule-files.ts'
import { type InnerAddress, isFrom } from './inner-address.ts'

const ADDRESS: InnerAddress = 'hub'

const ROLE = 'administrator'
export const EXAMINER: Caller = {
  subject: { claims: { role: ROLE } },
  name: 'hub:examination',
  authentication: 'configuration'
}

export interface OwnRequest extends RequestContent {
  readonly method: string
  readonly path: string
}

export function isOwnRequest(request: Pick<FastifyRequest, 'raw'>): boolean {
  return isFrom(request, ADDRESS)
}

/** @param host as clients name the hub: it is in addresses that the hub answers */
export async function sendOwnRequest(app: FastifyInstance, host: string, request: OwnRequest): Promise<HubResponse> {
  const { method, path, headers = {}, body } = request
  const response = await app.inject({
    method: method as NonNullable<InjectOptions['method']>,
    url: path,
    headers: { host, ...headers },
    remoteAddress: ADDRESS,
    ...(body !== undefined && { payload: typeof body === 'string' ? body : Buffer.from(body) })
  })
  const answered = Object.entries(response.headers).map(([name, value]) => [name, String(value)])
  return { status: response.statusCode, headers: Object.fromEntries(answered), body: response.rawPayload }
}

/** Pushes by a WebSocket, as a client does. @returns what the hub answered to it @throws Error where nothing comes in time */
export async function pushOverOwnStream(
  app: FastifyInstance,
  host: string,
  push: object,
  clock: Pick<Clock, 'after'>
): Promise<unknown> {
  if (app.openOwnStream === undefined) throw new Error('there is no stream')
  const socket = Object.assign(new PassThrough(), { remoteAddress: ADDRESS, destroySoon: () => socket.destroy() })
  const webSocket = await app.openOwnStream('/stream', { headers: { host }, socket } as object)
  const answer = Promise.withResolvers<unknown>()
  const cancelTimer = clock.after(ANSWER_TIMEOUT_MS, () => answer.reject(new Error('no answer in time')))
  webSocket.on('error', answer.reject)
  webSocket.on('close', () => answer.reject(new Error('it was closed without an answer')))
  webSocket.on('message', (data) => {
    const message = JSON.parse(String(data)) as { readonly type: string }
    if (message.type === 'ack' || message.type === 'refused') answer.resolve(message)
  })
  webSocket.send(JSON.stringify({ type: 'push', id: 1, ...push }))
  return answer.promise.finally(() => {
    cancelTimer()
    webSocket.terminate()
    socket.destroy()
  })
}

const ANSWER_TIMEOUT_MS = 10_000

/** By the rules of the built-in administrator, whatever rules are in force: what callers may do is asked for as others do. */
export class OwnAccess {
  readonly #rules: RulesInForce

  private constructor(rules: RulesInForce) {
    this.#rules = rules
  }

  static async open(): Promise<OwnAccess> {
    const document = await checkRuleDocument({ name: ROLE, model: roles[ROLE] })
    return new OwnAccess(new RulesInForce(new Policy(rulesOf([document]))))
  }

  accessTo(parts: AccessParts, paths: () => readonly string[], audit: RequestAudit | undefined): Access {
    return new Access({ ...parts, rules: this.#rules }, EXAMINER, paths, audit)
  }
}
