/**
 * A machine with an OPC UA server, for the documentation, tests and benchmarks: `node scripts/demo/opcua-machine.ts --port
 * 4840`. It measures, counts, can be written to, has a method, and keeps a history.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  AccessLevelFlag,
  type AddressSpace,
  coerceLocalizedText,
  DataType,
  type DataValue,
  MessageSecurityMode,
  makeEUInformation,
  type Namespace,
  OPCUACertificateManager,
  OPCUAServer,
  SecurityPolicy,
  StatusCodes,
  type UAObject,
  type UAVariable,
  VariantArrayType
} from 'node-opcua'

export interface MachineOptions {
  readonly port?: number
  /** Password of the user `operator`; absent: no password is asked for. */
  readonly password?: string
  /** Only endpoints with a secure channel. */
  readonly isSecureOnly?: boolean
  /** Namespaces registered before that of the machine, so that its index differs. */
  readonly otherNamespaces?: readonly string[]
  readonly itemsPerSubscription?: number
  readonly itemsPerCall?: number
  readonly nodesPerRead?: number
  /** Variables `Item0` … that change by themselves at this interval. */
  readonly items?: { readonly count: number; readonly everyMs: number }
  /** By how much its clock is wrong. */
  readonly skewMs?: number
  readonly hasHistory?: boolean
  /** False: `Counter` changes only where it is set. */
  readonly isCounting?: boolean
  /** Folder of its certificates; absent: a temporary one. */
  readonly folder?: string
}

export interface Machine {
  readonly url: string
  readonly server: OPCUAServer
  readonly certificates: OPCUACertificateManager
  /** Numbers of variables by their names. */
  set(name: string, value: number | string | boolean, code?: keyof typeof StatusCodes): void
  get(name: string): unknown
  close(): Promise<void>
}

export const NAMESPACE = 'urn:example:machine'

export async function startMachine(options: MachineOptions = {}): Promise<Machine> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'opcua-machine-'))
  const certificates = new OPCUACertificateManager({
    rootFolder: join(folder, 'pki'),
    automaticallyAcceptUnknownCertificate: true
  })
  await certificates.initialize()
  const { password } = options
  const server = new OPCUAServer({
    port: options.port ?? 0,
    hostname: '127.0.0.1',
    serverCertificateManager: certificates,
    allowAnonymous: password === undefined,
    userManager: { isValidUser: (name: string, given: string) => name === 'operator' && given === password },
    securityModes: options.isSecureOnly
      ? [MessageSecurityMode.Sign, MessageSecurityMode.SignAndEncrypt]
      : [MessageSecurityMode.None, MessageSecurityMode.Sign, MessageSecurityMode.SignAndEncrypt],
    securityPolicies: [SecurityPolicy.None, SecurityPolicy.Basic256Sha256, SecurityPolicy.Aes256_Sha256_RsaPss].slice(
      options.isSecureOnly ? 1 : 0
    ),
    buildInfo: { productName: 'Example machine', manufacturerName: 'Example', softwareVersion: '1.0' },
    serverInfo: { applicationUri: 'urn:example:machine:server', applicationName: { text: 'Example machine' } },
    serverCapabilities: {
      maxSessions: 20,
      minSupportedSampleRate: 0,
      maxMonitoredItems: 100_000,
      maxMonitoredItemsPerSubscription: options.itemsPerSubscription ?? 20_000,
      operationLimits: {
        maxMonitoredItemsPerCall: options.itemsPerCall ?? 1000,
        maxNodesPerRead: options.nodesPerRead ?? 1000
      }
    }
  })
  await server.initialize()
  const { addressSpace } = server.engine
  if (addressSpace === null) throw new Error('The server has no address space')
  for (const other of options.otherNamespaces ?? []) addressSpace.registerNamespace(other)
  const variables = build(addressSpace, addressSpace.registerNamespace(NAMESPACE), options)
  await server.start()
  const stop = simulate(variables, options)
  let isClosed = false
  const { port } = server.endpoints[0] as { port: number }
  return {
    url: `opc.tcp://127.0.0.1:${port}`,
    server,
    certificates,
    set: (name, value, code = 'Good') => {
      const variable = variables.get(name)
      if (variable === undefined) throw new Error(`There is no variable ${name}`)
      variable.setValueFromSource(
        { dataType: variable.dataType.value as DataType, arrayType: VariantArrayType.Scalar, value },
        StatusCodes[code] as never,
        now(options)
      )
    },
    get: (name) => variables.get(name)?.readValue().value.value,
    close: async () => {
      if (isClosed) return
      isClosed = true
      stop()
      await server.shutdown(0)
      server.dispose()
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true })
    }
  }
}

function now({ skewMs = 0 }: MachineOptions): Date {
  return new Date(Date.now() + skewMs)
}

function build(addressSpace: AddressSpace, namespace: Namespace, options: MachineOptions): Map<string, UAVariable> {
  const machine = namespace.addObject({
    organizedBy: addressSpace.rootFolder.objects,
    browseName: 'Machine',
    nodeId: 's=Machine'
  })
  const variables = new Map<string, UAVariable>()
  const add = (name: string, dataType: DataType, value: unknown, isWritable = false) => {
    const access = AccessLevelFlag.CurrentRead | (isWritable ? AccessLevelFlag.CurrentWrite : 0)
    const variable = namespace.addVariable({
      ...{ componentOf: machine, browseName: name, nodeId: `s=Machine.${name}`, dataType: DataType[dataType] },
      ...{ accessLevel: access, userAccessLevel: access, minimumSamplingInterval: 10 },
      value: { dataType, arrayType: VariantArrayType.Scalar, value } as never
    })
    variables.set(name, variable)
    return variable
  }
  add('Speed', DataType.Double, 1200)
  add('Running', DataType.Boolean, true)
  add('Program', DataType.String, 'O1000')
  add('Total', DataType.UInt64, [0, 7])
  add('Level', DataType.Double, 1)
  add('Setpoint', DataType.Float, 50, true)
  add('Mode', DataType.Int16, 1, true)
  variables.set(
    'Temperature',
    namespace.addAnalogDataItem({
      ...{ componentOf: machine, browseName: 'Temperature', nodeId: 's=Machine.Temperature', dataType: 'Double' },
      engineeringUnitsRange: { low: -20, high: 150 },
      engineeringUnits: makeEUInformation('°C', 'degree Celsius', 'degree Celsius'),
      value: { dataType: DataType.Double, value: 21.5 }
    })
  )
  const counter = add('Counter', DataType.UInt32, 0)
  if (options.hasHistory !== false) addressSpace.installHistoricalDataNode(counter, { maxOnlineValues: 100_000 })
  variables.set(
    'Spectrum',
    namespace.addVariable({
      ...{
        componentOf: machine,
        browseName: 'Spectrum',
        nodeId: 's=Machine.Spectrum',
        dataType: 'Double',
        valueRank: 1
      },
      value: { dataType: DataType.Double, arrayType: VariantArrayType.Array, value: [0.5, 1.5, 2.5] } as never
    })
  )
  addStart(namespace, machine)
  for (let at = 0; at < (options.items?.count ?? 0); at++) {
    const variable = namespace.addVariable({
      ...{ componentOf: machine, browseName: `Item${at}`, nodeId: `i=${100_000 + at}`, dataType: 'Double' },
      // Each change is sent to those that ask for a sampling interval of 0.
      ...{ minimumSamplingInterval: 0, value: { dataType: DataType.Double, value: 0 } as never }
    })
    variables.set(`Item${at}`, variable)
  }
  return variables
}

/** Start(Program, Pieces) returns the number of the job; there is no program without a name. */
function addStart(namespace: Namespace, machine: UAObject): void {
  const argument = (name: string, dataType: DataType) => ({
    name,
    dataType,
    description: coerceLocalizedText(name) as never
  })
  let job = 0
  namespace
    .addMethod(machine, {
      ...{ browseName: 'Start', nodeId: 's=Machine.Start' },
      inputArguments: [argument('Program', DataType.String), argument('Pieces', DataType.UInt16)],
      outputArguments: [argument('Job', DataType.UInt32)]
    })
    .bindMethod((inputs, _context, callback) => {
      if (inputs[0]?.value === '') callback(null, { statusCode: StatusCodes.BadInvalidArgument })
      else
        callback(null, { statusCode: StatusCodes.Good, outputArguments: [{ dataType: DataType.UInt32, value: ++job }] })
    })
}

function simulate(variables: ReadonlyMap<string, UAVariable>, options: MachineOptions): () => void {
  const start = Date.now()
  let count = 0
  const slow = setInterval(() => {
    const at = now(options)
    const set = (name: string, dataType: DataType, value: number) =>
      variables.get(name)?.setValueFromSource({ dataType, value }, StatusCodes.Good, at)
    if (options.isCounting !== false) set('Counter', DataType.UInt32, ++count)
    set('Speed', DataType.Double, 1200 + Math.round(50 * Math.sin((Date.now() - start) / 5000)))
    set('Temperature', DataType.Double, Math.round(10 * (21.5 + Math.sin((Date.now() - start) / 9000))) / 10)
  }, 100)
  const { count: items = 0, everyMs = 100 } = options.items ?? {}
  const all = Array.from({ length: items }, (_, at) => variables.get(`Item${at}`) as UAVariable)
  let turn = 0
  const fast =
    items === 0
      ? undefined
      : setInterval(() => {
          turn++
          const at = now(options)
          for (const variable of all)
            variable.setValueFromSource({ dataType: DataType.Double, value: turn }, StatusCodes.Good, at)
        }, everyMs)
  return () => {
    clearInterval(slow)
    clearInterval(fast)
  }
}

export type { DataValue }

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '4840' },
      folder: { type: 'string' },
      password: { type: 'string' },
      items: { type: 'string', default: '0' },
      every: { type: 'string', default: '100' },
      namespaces: { type: 'string', default: '' },
      secure: { type: 'boolean', default: false }
    }
  })
  const machine = await startMachine({
    port: Number(values.port),
    ...(values.folder !== undefined && { folder: values.folder }),
    ...(values.password !== undefined && { password: values.password }),
    isSecureOnly: values.secure,
    otherNamespaces: values.namespaces.split(',').filter((name) => name !== ''),
    items: { count: Number(values.items), everyMs: Number(values.every) }
  })
  console.log(machine.url)
  process.on('SIGTERM', () => void machine.close().then(() => process.exit(0)))
  process.on('SIGINT', () => void machine.close().then(() => process.exit(0)))
}
