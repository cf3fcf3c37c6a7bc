/** A machine with an OPC UA server of the same family, and a connection that can be cut. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'
import { type Machine, type MachineOptions, NAMESPACE, startMachine } from '../../../scripts/demo/opcua-machine.ts'
import { systemClock } from '../../../src/clock.ts'
import type { Session, SessionContext } from '../../../src/collectors/connector.ts'
import { ClientThread } from '../../../src/collectors/opcua/client-thread.ts'
import { opcuaConnector } from '../../../src/collectors/opcua/opcua.ts'
import { testDirectory } from '../../test-directory.ts'
import { assetInterface, type DescribedInterface } from '../asset-interface.ts'
import { type RecordedContext, sessionContext } from '../session-context.ts'

export async function machine(t: Test, options: MachineOptions = {}): Promise<Machine> {
  const started = await startMachine(options)
  t.teardown(() => started.close())
  return started
}

const OPCUA = 'http://opcfoundation.org/UA/WoT-Binding'

/** An interface that reads variables of the machine by their names. */
export function described(
  base: string,
  names: readonly string[],
  endpoint: Readonly<Record<string, string>> = {}
): DescribedInterface {
  return {
    ...{ idShort: 'InterfaceOPCUA', vocabulary: OPCUA, interval: 0.1, endpoint: { base, ...endpoint } },
    properties: Object.fromEntries(
      names.map((name) => [name, { form: { href: `/?id=nsu=${NAMESPACE};s=Machine.${name}` } }])
    )
  }
}

export interface Opened {
  readonly session: Session
  readonly context: RecordedContext
}

export interface OpenMore {
  readonly certificates?: string
  readonly context?: Partial<SessionContext>
  readonly newestMs?: number
}

export async function open(t: Test, what: DescribedInterface, more: OpenMore = {}): Promise<Opened> {
  const context = sessionContext(t, more.context)
  const certificates = more.certificates ?? testDirectory(t)
  const connector = opcuaConnector({
    certificates,
    thread: new ClientThread(systemClock),
    stored: async () => ({
      lost: new Map<string, bigint>(),
      ...(more.newestMs !== undefined && { newestMs: more.newestMs })
    })
  })
  const session = await connector(assetInterface(what), context)
  t.teardown(() => session.close())
  return { session, context }
}

export interface Line {
  readonly url: string
  /** Ends all connections; no further ones are accepted until it is repaired. */
  cut(): void
  repair(): void
  /** Nothing is passed on any more, but nothing is closed either. */
  freeze(): void
}

/** A line to a machine. */
export async function line(t: Test, machineUrl: string): Promise<Line> {
  const { port } = new URL(machineUrl.replace('opc.tcp', 'http'))
  const sockets = new Set<Socket>()
  let isCut = false
  let isFrozen = false
  const server = createServer((near) => {
    if (isCut) return near.destroy()
    const far = connect(Number(port), '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near]
    ] as const) {
      sockets.add(from)
      from.on('data', (bytes) => isFrozen || to.write(bytes))
      from.on('error', () => {}).on('close', () => to.destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    isCut = true
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  t.teardown(() => {
    cut()
    server.close()
  })
  return {
    url: `opc.tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    repair: () => {
      isCut = false
    },
    freeze: () => {
      isFrozen = true
    }
  }
}
