/** The OPC UA server of the hub, where it is configured. */
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config/config.ts'
import { isLoopback } from '../security/loopback.ts'
import { plantDocuments } from '../store/plant-view.ts'
import { type OpcuaServer, startOpcuaServer } from '../transports/opcua/opcua.ts'
import { certificateDirectory } from './certificates.ts'
import type { Services } from './services.ts'
import { VERSION } from './version.ts'

/** @returns undefined where it is off */
export function opcuaServer(config: Config, services: Services, log: FastifyBaseLogger): OpcuaServer | undefined {
  const { HOST: host, OPCUA_PORT: port, OPCUA_UNENCRYPTED, API_PREFIX: apiPrefix } = config
  if (port === undefined) return undefined
  const { identity, audit, context, accessRules, clock, store, subscriptions, limits } = services
  return startOpcuaServer({
    ...{ identity, audit, clock, subscriptions, limits, apiPrefix, hub: context, log },
    store: plantDocuments(store),
    accessParts: { store: context.store, rules: accessRules.rules, clock },
    input: {
      ...{ host, port, certificates: certificateDirectory(config), version: VERSION },
      allowsNone: OPCUA_UNENCRYPTED || isLoopback(host)
    }
  })
}
