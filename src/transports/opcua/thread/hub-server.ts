/** The server of the library, with what it decides otherwise: who may open a session, and what is monitored. */
import {
  AnonymousIdentityToken,
  AttributeIds,
  type BrowseDescription,
  BrowseResult,
  type CreateMonitoredItemsRequest,
  type NodeId,
  resolveNodeId,
  StatusCodes,
  type TranslateBrowsePathsToNodeIdsRequest,
  TranslateBrowsePathsToNodeIdsResponse,
  X509IdentityToken
} from 'node-opcua-client'
import { OPCUAServer, type OPCUAServerOptions, type ServerSession, UAUserManagerBase } from 'node-opcua-server'
import type { SessionIdentity } from '../messages.ts'
import type { Hub } from './hub.ts'
import { textOf } from './hub-accessor.ts'
import type { MonitoredValues } from './monitored-values.ts'
import { translatePath } from './translate-path.ts'

/** Values that an item may queue: with the greatest number of items some hundred megabytes. */
const MAX_QUEUE = 200
const MAX_PATHS = 100

/** Leads nowhere. */
const NO_NODE = resolveNodeId('i=0')

type Channel = Parameters<OPCUAServer['_on_ReadRequest']>[1]
type Message = Parameters<OPCUAServer['_on_ReadRequest']>[0]
type Authorized = Parameters<OPCUAServer['isUserAuthorized']>[3]
type Token = Parameters<OPCUAServer['isUserAuthorized']>[2]

export class HubServer extends OPCUAServer {
  readonly #hub: Hub
  /** Set before the server starts. */
  monitored: MonitoredValues | undefined
  /** Of what is stored. */
  namespace = -1

  constructor(options: OPCUAServerOptions, hub: Hub) {
    super({ ...options, userManager: new HubUsers(hub) })
    this.#hub = hub
  }

  /** Passwords come to {@link HubUsers}, once they are decrypted. */
  protected override isUserAuthorized(
    channel: Channel,
    session: ServerSession,
    token: Token,
    callback: Authorized
  ): void {
    if (!(token instanceof AnonymousIdentityToken) && !(token instanceof X509IdentityToken)) {
      super.isUserAuthorized(channel, session, token, callback)
      return
    }
    const identity: SessionIdentity =
      token instanceof X509IdentityToken
        ? { is: 'certificate', certificate: token.certificateData }
        : { is: 'anonymous' }
    openSession(this.#hub, session, identity, channel.remoteAddress).then(
      (isOpen) => callback(null, isOpen, isOpen ? StatusCodes.Good : StatusCodes.BadUserAccessDenied),
      () => callback(null, false, StatusCodes.BadResourceUnavailable)
    )
  }

  protected override _on_CreateMonitoredItemsRequest(message: Message, channel: Channel): void {
    const request = message.request as CreateMonitoredItemsRequest
    void this.#prepare(request).then(
      () => super._on_CreateMonitoredItemsRequest(message, channel),
      // Without nodes to monitor every item is refused.
      () => super._on_CreateMonitoredItemsRequest(message, channel)
    )
  }

  protected override _on_TranslateBrowsePathsToNodeIdsRequest(message: Message, channel: Channel): void {
    const { browsePaths } = message.request as TranslateBrowsePathsToNodeIdsRequest
    void this._apply_on_SessionObject(
      TranslateBrowsePathsToNodeIdsResponse,
      message,
      channel,
      async (session, send, refuse) => {
        if (browsePaths === null || browsePaths.length === 0) return refuse(StatusCodes.BadNothingToDo)
        if (browsePaths.length > MAX_PATHS) return refuse(StatusCodes.BadTooManyOperations)
        const browse = async (description: BrowseDescription) =>
          (await this.engine.browse(session.sessionContext, [description]))[0] ?? new BrowseResult({})
        const results = []
        for (const path of browsePaths) results.push(await translatePath(path, browse))
        send(new TranslateBrowsePathsToNodeIdsResponse({ results }))
      }
    )
  }

  /** Puts nodes that the library can sample in place of those that are stored. */
  async #prepare({ requestHeader, itemsToCreate }: CreateMonitoredItemsRequest): Promise<void> {
    const items = (itemsToCreate ?? []).filter(({ itemToMonitor }) => itemToMonitor.nodeId.namespace === this.namespace)
    if (items.length === 0) return
    const ids = items.map(({ itemToMonitor }) => textOf(itemToMonitor.nodeId))
    for (const { itemToMonitor, requestedParameters } of items) {
      itemToMonitor.nodeId = NO_NODE
      requestedParameters.queueSize = Math.min(requestedParameters.queueSize, MAX_QUEUE)
    }
    const session = this.getSession(requestHeader.authenticationToken, true)
    const { maxMonitoredItemsPerCall } = this.engine.serverCapabilities.operationLimits
    if (session === null || session.status !== 'active' || items.length > maxMonitoredItemsPerCall) return
    const wanted = items.map(({ requestedParameters }, index) => {
      return { id: ids[index] ?? '', isExact: requestedParameters.samplingInterval === 0 }
    })
    const nodes: (NodeId | undefined)[] = (await this.monitored?.add(String(session.nodeId), wanted)) ?? []
    for (const [index, { itemToMonitor }] of items.entries()) {
      if (itemToMonitor.attributeId === AttributeIds.Value) itemToMonitor.nodeId = nodes[index] ?? NO_NODE
    }
  }
}

class HubUsers extends UAUserManagerBase {
  readonly #hub: Hub

  constructor(hub: Hub) {
    super()
    this.#hub = hub
  }

  override getUserRoles(): NodeId[] {
    return []
  }

  override async isValidUser(session: ServerSession, user: string, password: string): Promise<boolean> {
    return openSession(this.#hub, session, { is: 'user', user, password }, session.channel?.remoteAddress)
  }
}

async function openSession(
  hub: Hub,
  session: ServerSession,
  identity: SessionIdentity,
  source: string | undefined
): Promise<boolean> {
  return (await hub.open(String(session.nodeId), identity, source)) === undefined
}
