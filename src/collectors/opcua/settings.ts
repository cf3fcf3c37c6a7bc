/** What a description says of its OPC UA interface: how to connect, and how to monitor its items. */

import { keyValues } from '../../model/reference.ts'
import type { SubmodelElement } from '../../model/types.ts'
import { childrenOf } from '../../model/walk.ts'
import {
  type InterfaceDescription,
  type InterfaceItem,
  settingOf
} from '../../operations/asset-interfaces/asset-interface.ts'
import { member, text } from '../../operations/asset-interfaces/members.ts'
import type { ChannelSecurity, MonitoredNode, SecurityMode } from './messages.ts'
import { parseNodeAddress } from './node-address.ts'

export interface OpcuaTarget {
  readonly url: string
  readonly host: string
  readonly port: number
}

export interface SecuritySettings {
  readonly channel: ChannelSecurity
  /** Names of secrets; undefined: anonymous. */
  readonly identity?: { readonly kind: 'user' | 'certificate'; readonly secret: string }
}

const DEFAULT_PORT = 4840
const DEFAULT_SAMPLING_MS = 1000
const MIN_PUBLISHING_MS = 50
const MAX_PUBLISHING_MS = 1000
/** What a server may have to hold for an item while the connection is lost. */
const QUEUE_MS = 60_000
const MAX_QUEUE = 1000

/** @returns a sentence where the address cannot be understood */
export function targetOf(base: string | undefined): OpcuaTarget | string {
  if (base === undefined) return 'EndpointMetadata has no base; expected an address such as opc.tcp://host:4840'
  const found =
    /^opc\.tcp:\/\/(?:[^/@]*@)?(?<host>\[[0-9a-f:]+\]|[^/:?#[\]]+)(?::(?<port>\d{1,5}))?(?<path>\/[^?#]*)?/i.exec(base)
  const { host, port, path = '' } = found?.groups ?? {}
  if (host === undefined) return `the address ${base} is not of the form opc.tcp://host:4840`
  const number = port === undefined ? DEFAULT_PORT : Number(port)
  return {
    url: `opc.tcp://${host}:${number}${path.replace(/\/$/, '')}`,
    host: host.replaceAll(/[[\]]/g, ''),
    port: number
  }
}

/**
 * The security of `EndpointMetadata`: the schemes that its list `security` refers to, else those that are filled in.
 * Without any, the best endpoint that the server offers is used.
 * @returns a sentence where it cannot be understood
 */
export function securityOf(endpoint: SubmodelElement | undefined): SecuritySettings | string {
  const definitions = member(endpoint, 'securityDefinitions')
  const all = definitions === undefined ? [] : childrenOf(definitions)
  const named = namedSchemes(member(endpoint, 'security'), all)
  const schemes = named.length > 0 ? named : all.filter(isFilledIn)
  let channel: ChannelSecurity = named.some((one) => schemeOf(one) === 'nosec') ? { mode: 'None', policy: 'None' } : {}
  let identity: SecuritySettings['identity']
  for (const scheme of schemes) {
    const kind = schemeOf(scheme)
    if (kind === 'ua_channelsec') {
      const mode = modeOf(text(member(scheme, 'uav_securityMode')))
      if (mode === null)
        return `the security mode ${text(member(scheme, 'uav_securityMode'))} is none of None, Sign, SignAndEncrypt`
      const policy = text(member(scheme, 'uav_securityPolicy'))?.replace(/^.*#/, '')
      channel = { ...(mode !== undefined && { mode }), ...(policy !== undefined && { policy }) }
    } else if (kind === 'basic') {
      const secret = text(member(scheme, 'name'))
      if (secret === undefined) return `${scheme.idShort} names no secret`
      identity = { kind: 'user', secret }
    } else if (kind === 'ua_authentication') {
      const found = identityOf(scheme)
      if (typeof found === 'string') return found
      identity = found ?? identity
    }
  }
  return { channel, ...(identity !== undefined && { identity }) }
}

/** @returns a sentence where the item has no node */
export function monitoredNode(
  assetInterface: InterfaceDescription,
  item: InterfaceItem
): Omit<MonitoredNode, 'handle'> | string {
  const setting = (name: string) => settingOf(assetInterface, item, name)
  const number = (name: string) => {
    const value = Number(setting(name))
    return setting(name) !== undefined && Number.isFinite(value) && value >= 0 ? value : undefined
  }
  const node = parseNodeAddress(text(member(item.form, 'href')) ?? '', text(member(item.form, 'uav_browsePath')))
  if (typeof node === 'string') return node
  const samplingMs = number('uav_samplingInterval') ?? item.pollingMs ?? DEFAULT_SAMPLING_MS
  const queueSize = number('uav_queueSize') ?? Math.min(MAX_QUEUE, Math.ceil(QUEUE_MS / Math.max(samplingMs, 1)) + 1)
  const deadband = number('uav_deadbandValue')
  const kind = setting('uav_deadbandType')?.toLowerCase() === 'percent' ? ('percent' as const) : ('absolute' as const)
  return { node, samplingMs, queueSize, ...(deadband !== undefined && { deadband: { kind, value: deadband } }) }
}

/** The interval at which the server sends what it has sampled. */
export function publishingOf(
  { endpoint }: InterfaceDescription,
  nodes: readonly Pick<MonitoredNode, 'samplingMs'>[]
): number {
  const stated = Number(text(member(endpoint, 'uav_publishingInterval')))
  const fastest = nodes.reduce((least, { samplingMs }) => Math.min(least, samplingMs), MAX_PUBLISHING_MS)
  return stated > 0 ? stated : Math.max(MIN_PUBLISHING_MS, fastest)
}

/** The schemes that references end at, also those that a combination consists of. */
function namedSchemes(list: SubmodelElement | undefined, all: readonly SubmodelElement[]): SubmodelElement[] {
  const references = list === undefined ? [] : childrenOf(list)
  return references.flatMap((reference) => {
    if (reference.modelType !== 'ReferenceElement' || reference.value === undefined) return []
    const last = keyValues(reference.value).at(-1)
    const scheme = all.find(({ idShort }) => idShort === last)
    if (scheme === undefined) return []
    if (schemeOf(scheme) !== 'combo') return [scheme]
    return ['allOf', 'oneOf'].flatMap((name) => {
      const parts = member(scheme, name)
      return parts === undefined
        ? []
        : namedSchemes(
            parts,
            all.filter((one) => one !== scheme)
          )
    })
  })
}

function schemeOf(scheme: SubmodelElement): string | undefined {
  return text(member(scheme, 'scheme'))
}

/** The published template lists all schemes, most of them empty. */
function isFilledIn(scheme: SubmodelElement): boolean {
  const decisive: Readonly<Record<string, string>> = {
    ua_channelsec: 'uav_securityPolicy',
    ua_authentication: 'uav_userIdentityToken',
    basic: 'name'
  }
  const name = decisive[schemeOf(scheme) ?? '']
  return name !== undefined && text(member(scheme, name)) !== undefined
}

/** Null where it is none that is known. */
function modeOf(written: string | undefined): SecurityMode | undefined | null {
  if (written === undefined) return undefined
  const modes: Readonly<Record<string, SecurityMode>> = {
    none: 'None',
    sign: 'Sign',
    signandencrypt: 'SignAndEncrypt'
  }
  return (
    modes[
      written
        .toLowerCase()
        .replaceAll(/[^a-z]/g, '')
        .replace(/^signencrypt$/, 'signandencrypt')
    ] ?? null
  )
}

/** Undefined for an anonymous user; a sentence where the kind of token is not known, or names no secret. */
function identityOf(scheme: SubmodelElement): SecuritySettings['identity'] | string {
  const token = text(member(scheme, 'uav_userIdentityToken')) ?? 'anonymous'
  if (/anonymous/i.test(token)) return undefined
  const kind = /user/i.test(token) ? 'user' : /cert|x509/i.test(token) ? 'certificate' : undefined
  if (kind === undefined) return `the user token ${token} is none of anonymous, username, certificate`
  const secret = text(member(scheme, 'name'))
  if (secret !== undefined) return { kind, secret }
  // A user's secret may be named by a basic scheme beside it.
  return kind === 'user' ? undefined : `${scheme.idShort} names no secret; expected a property "name"`
}
