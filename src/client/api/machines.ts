/** The machines that the hub reads: connections, their certificates, and machines to be described. */
import { encodeId, type HttpClient } from './http.ts'

/** Times are ISO 8601. */
export interface MachineConnection {
  readonly id: string
  /** Id of the Asset Interfaces Description. */
  readonly submodel: string
  /** Of the interface. */
  readonly idShort: string
  readonly title?: string
  readonly protocol: string
  /** Address of the machine. */
  readonly target?: string
  readonly state: 'connecting' | 'connected' | 'degraded' | 'failed' | 'stopped'
  readonly since: string
  readonly items: number
  /** Samples per second in the last minute. */
  readonly rate: number
  /** Milliseconds. */
  readonly lag?: number
  readonly accepted: number
  readonly refused: number
  readonly missed: number
  readonly gaps: number
  readonly lastSample?: string
  readonly lastError?: { readonly time: string; readonly text: string }
  readonly nextTry?: string
  readonly problems: readonly DescriptionProblem[]
}

/** What is wrong in a description or a mapping. */
export interface DescriptionProblem {
  readonly submodel: string
  /** idShortPath. */
  readonly path: string
  readonly text: string
}

export interface ConnectionList {
  /** Is any machine allowed to be read? */
  readonly isCollecting: boolean
  /** Of mappings that lead to no interface. */
  readonly problems: readonly DescriptionProblem[]
  readonly result: readonly MachineConnection[]
}

export function listConnections(http: HttpClient, signal?: AbortSignal): Promise<ConnectionList> {
  return http.json(http.hub('/connections'), { signal })
}

export interface TestedMachineItem {
  /** idShortPath in the description. */
  readonly path: string
  readonly sinks: readonly { readonly submodel: string; readonly path: string }[]
  readonly value?: unknown
  readonly quality: 'good' | 'uncertain' | 'bad'
  readonly time: string
  readonly reason?: string
}

/** Reads each item once. @throws ApiError 503 where the machine cannot be reached */
export async function testConnection(http: HttpClient, id: string): Promise<readonly TestedMachineItem[]> {
  const url = http.hub(`/connections/${encodeId(id)}/test`)
  return (await http.json<{ readonly result: readonly TestedMachineItem[] }>(url, { method: 'POST' })).result
}

export async function switchConnection(http: HttpClient, id: string, action: 'start' | 'stop'): Promise<void> {
  await http.send(http.hub(`/connections/${encodeId(id)}/${action}`), { method: 'POST' })
}

export interface DiscoveryInput {
  /** `opc.tcp://host:4840`, or `modbus+tcp://host:502`. */
  readonly address: string
  /** Of a Modbus device: the list of its registers, as CSV; and its name. */
  readonly registers?: string
  readonly title?: string
  /** Of registers for which the list names no unit. */
  readonly unit?: number
  readonly security?: string
  readonly secret?: string
  readonly idBase?: string
  /** Seconds. */
  readonly sampling?: number
}

export interface DiscoveredServer {
  readonly found: {
    readonly name: string
    readonly address: string
    /** Of an OPC UA server. */
    readonly policy?: string
    readonly mode?: string
    readonly values: number
    readonly writable: number
    readonly methods: number
    readonly isCut: boolean
  }
  /** What is left out, with its row in the list of registers. */
  readonly problems: readonly { readonly row?: number; readonly text: string }[]
  /** To be edited, or stored as it is. */
  readonly environment: DescribedEnvironment
}

/** What is read here of an environment. */
export interface DescribedEnvironment {
  readonly submodels?: readonly DescribedSubmodel[]
}

export interface DescribedSubmodel {
  readonly id: string
  readonly idShort?: string
  readonly submodelElements?: readonly DescribedElement[]
}

export interface DescribedElement {
  readonly idShort?: string
  readonly valueType?: string
  /** Elements, where it is a collection. */
  readonly value?: unknown
}

/** Nothing is stored. @throws ApiError 503 where the server cannot be reached */
export function discoverMachine(http: HttpClient, input: DiscoveryInput): Promise<DiscoveredServer> {
  return http.json(http.hub('/connections/discover'), { method: 'POST', json: input })
}

export interface MachineCertificate {
  /** SHA-1 in hexadecimal. */
  readonly thumbprint: string
  readonly trust: 'own' | 'trusted' | 'rejected'
  readonly subject: string
  readonly issuer: string
  readonly applicationUri?: string
  readonly validFrom: string
  readonly validTo: string
  readonly isAuthority: boolean
  /** As PEM; only of the hub itself. */
  readonly certificate?: string
}

export async function listCertificates(http: HttpClient, signal?: AbortSignal): Promise<readonly MachineCertificate[]> {
  const url = http.hub('/certificates')
  return (await http.json<{ readonly result: readonly MachineCertificate[] }>(url, { signal })).result
}

export async function changeCertificate(
  http: HttpClient,
  thumbprint: string,
  action: 'trust' | 'reject' | 'remove'
): Promise<void> {
  await http.send(http.hub(`/certificates/${thumbprint}/${action}`), { method: 'POST' })
}

/** Makes a new key and certificate of the hub. */
export async function renewCertificate(http: HttpClient): Promise<void> {
  await http.send(http.hub('/certificates/renew'), { method: 'POST' })
}
