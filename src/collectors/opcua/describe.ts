/** What was found at a server as a draft of its interface. */
import { OPCUA_TYPES } from '../../model/opcua.ts'
import type { DataTypeDefXsd, SubmodelElement } from '../../model/types.ts'
import { collection, property } from '../../operations/asset-interfaces/describe/elements.ts'
import {
  type ActionDraft,
  type ArgumentDraft,
  type InterfaceDraft,
  type PointDraft,
  toIdShort,
  type ValueDraft
} from '../../operations/asset-interfaces/describe/interface-draft.ts'
import type { DiscoveredMethod, DiscoveredServer, DiscoveredVariable, MethodArgument } from './discovered.ts'
import type { Connected } from './messages.ts'

export interface DescribeOptions {
  readonly url: string
  /** As it was connected to. */
  readonly connected: Pick<Connected, 'mode' | 'policy'>
  /** Prefix of all ids; absent: from the URI of the server. */
  readonly ids?: string
  /** Kind of the user, and the name of the secret; absent: anonymous. */
  readonly identity?: { readonly kind: 'user' | 'certificate'; readonly secret: string }
  /** In seconds. */
  readonly samplingS?: number
}

const WOT_BINDING = 'http://opcfoundation.org/UA/WoT-Binding'
const TD_SECURITY = 'https://www.w3.org/2019/wot/security'
/** A list in an AAS has a fixed number of elements; longer ones are for files. */
const MAX_LIST = 256

export function draftOf(server: DiscoveredServer, options: DescribeOptions): InterfaceDraft {
  const ids = options.ids ?? server.uri
  const variables = server.nodes.filter((node) => node.kind === 'variable')
  const methods = server.nodes.filter((node) => node.kind === 'method')
  const names = new PathNames()
  return {
    ...{ ids, assetId: ids, idShort: 'InterfaceOPCUA', title: server.name, vocabulary: WOT_BINDING },
    ...{ base: options.url, contentType: 'application/octet-stream', security: schemesOf(options) },
    points: variables.flatMap((variable) => pointOf(variable, names, options.samplingS) ?? []),
    actions: methods.map((method) => actionOf(method, names))
  }
}

/** Paths as idShorts; each is given once, and none leads through a leaf. */
class PathNames {
  readonly #taken = new Set<string>()
  readonly #above = new Set<string>()

  of(path: readonly string[]): string[] {
    const names = path.map(toIdShort)
    const parents = names.slice(0, -1)
    for (let at = 1; at <= parents.length; at++) {
      // A variable may have variables below it: they go beside it.
      if (this.#taken.has(key(parents.slice(0, at)))) parents[at - 1] += '_'
      this.#above.add(key(parents.slice(0, at)))
    }
    let name = names.at(-1) ?? 'Node'
    for (let count = 2; this.#isTaken([...parents, name]); count++) name = `${names.at(-1)}_${count}`
    this.#taken.add(key([...parents, name]))
    return [...parents, name]
  }

  #isTaken(path: readonly string[]): boolean {
    return this.#taken.has(key(path)) || this.#above.has(key(path))
  }
}

/** As names of properties join their path by underscores, two paths may not become the same one. */
function key(path: readonly string[]): string {
  return path.join('_').toLowerCase()
}

/** Undefined for a value that no element can hold. */
function pointOf(variable: DiscoveredVariable, names: PathNames, samplingS?: number): PointDraft | undefined {
  const value = valueDraft(variable)
  if (value === undefined) return undefined
  const { path, displayName, description, nodeId, isWritable } = variable
  return {
    ...{ path: names.of(path), title: displayName, href: hrefOf(nodeId), value, isWritable },
    ...(description !== undefined && { description }),
    ...(samplingS !== undefined && { pollingS: samplingS })
  }
}

function valueDraft({ type, isArray, value, unit, range }: DiscoveredVariable): ValueDraft | undefined {
  const xsd = OPCUA_TYPES[type]
  if (isArray) {
    const count = Array.isArray(value) ? value.length : 0
    const isFlat = Array.isArray(value) && value.every((one) => typeof one !== 'object')
    return isFlat && count > 0 && count <= MAX_LIST ? { kind: 'list', type: xsd ?? 'xs:string', count } : undefined
  }
  if (typeof value === 'object' && value !== null) return membersOf(value, 0)
  return { kind: 'leaf', type: xsd ?? 'xs:string', ...(unit !== undefined && { unit }), ...(range && { range }) }
}

/** Of a structure by its present value. */
function membersOf(value: object, depth: number): ValueDraft | undefined {
  const members = new Map<string, ValueDraft>()
  for (const [name, member] of Object.entries(value)) {
    const draft = memberOf(member, depth)
    if (draft !== undefined) members.set(name, draft)
  }
  return members.size === 0 ? undefined : { kind: 'object', members }
}

function memberOf(member: unknown, depth: number): ValueDraft | undefined {
  if (typeof member === 'number') return { kind: 'leaf', type: 'xs:double' }
  if (typeof member === 'bigint') return { kind: 'leaf', type: 'xs:long' }
  if (typeof member === 'boolean') return { kind: 'leaf', type: 'xs:boolean' }
  if (typeof member === 'string') return { kind: 'leaf', type: 'xs:string' }
  return typeof member === 'object' && member !== null && !Array.isArray(member) && depth < 4
    ? membersOf(member, depth + 1)
    : undefined
}

function actionOf(
  { path, displayName, nodeId, objectId, inputs, outputs }: DiscoveredMethod,
  names: PathNames
): ActionDraft {
  return {
    ...{ path: names.of(path), title: displayName, href: hrefOf(nodeId), form: { uav_object: objectId } },
    inputs: inputs.map(argumentOf),
    outputs: outputs.map(argumentOf)
  }
}

function argumentOf({ name, type }: MethodArgument): ArgumentDraft {
  return { idShort: toIdShort(name), type: OPCUA_TYPES[type] ?? ('xs:string' satisfies DataTypeDefXsd) }
}

function hrefOf(nodeId: string): string {
  return `/?id=${encodeURIComponent(nodeId).replaceAll('%3D', '=').replaceAll('%3B', ';').replaceAll('%3A', ':').replaceAll('%2F', '/')}`
}

function schemesOf({ connected, identity }: DescribeOptions): SubmodelElement[] {
  const scheme = (name: string) => property('scheme', `${TD_SECURITY}#SecurityScheme`, name)
  const { mode, policy } = connected
  const channel =
    mode === 'None'
      ? collection('nosec_sc', `${TD_SECURITY}#NoSecurityScheme`, [scheme('nosec')])
      : collection('opcua_channel_sc', `${WOT_BINDING}/OPCUASecurityChannelScheme`, [
          scheme('ua_channelsec'),
          property('uav_securityMode', `${WOT_BINDING}/securityMode`, mode),
          property('uav_securityPolicy', `${WOT_BINDING}/securityPolicy`, policy)
        ])
  if (identity === undefined) return [channel]
  const user = collection('opcua_authentication_sc', `${WOT_BINDING}/OPCUASecurityAuthenticationScheme`, [
    scheme('ua_authentication'),
    property(
      'uav_userIdentityToken',
      `${WOT_BINDING}/userIdentityToken`,
      identity.kind === 'user' ? 'username' : 'certificate'
    ),
    property('name', `${TD_SECURITY}#name`, identity.secret)
  ])
  return [channel, user]
}
