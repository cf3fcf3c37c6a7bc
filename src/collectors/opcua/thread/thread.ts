/**
 * The thread of the OPC UA client. The client library takes a second to load and much memory, so that it is loaded here and
 * not on the main thread, when the first interface needs it. A connection is a task that lasts as long as it does; what is
 * asked of it are further tasks of the same thread.
 */
import { parentPort } from 'node:worker_threads'
import { renewOwnCertificate } from '../../../operations/opcua-certificates/own-certificate.ts'
import { serveTasks, type Task, type TaskResult } from '../../../threads/serve-tasks.ts'
import type { ConnectInput, DiscoverInput, MonitoredNode, OutcomeOf } from '../messages.ts'
import type { NodeAddress } from '../node-address.ts'
import { Connection } from './connection.ts'
import { discover } from './discover.ts'
import { Refused, sentenceOf } from './refused.ts'
import { callMethod, readNodes, writeNode } from './requests.ts'

interface OpenConnection {
  readonly connection: Connection
  /** Ends its task. */
  readonly end: () => void
}

const open = new Map<number, OpenConnection>()

const connect: Task<ConnectInput> = async (input, { sources, signal }) => {
  const ended = Promise.withResolvers<void>()
  const outcome = await attempt(async () => {
    const connection = await Connection.open(input, {
      samples: async (columns) => {
        await sources.ask('samples', columns)
      },
      report: (report) => {
        sources.ask('report', report).catch(() => {})
        if (report.kind === 'lost') ended.resolve()
      }
    })
    open.set(input.connection, { connection, end: ended.resolve })
    signal.addEventListener('abort', () => ended.resolve())
    return connection.connected
  })
  return { head: outcome, bytes: untilEnd(outcome.error === undefined ? ended.promise : undefined, input.connection) }
}

/** Sends nothing, but lasts as long as the connection. */
async function* untilEnd(ended: Promise<void> | undefined, connection: number): AsyncGenerator<never> {
  await ended
  await open.get(connection)?.connection.close()
  open.delete(connection)
  yield* []
}

interface Request {
  readonly connection: number
}

const tasks = {
  connect: async () => connect,
  monitor: async () =>
    request(({ connection, nodes }: Request & { nodes: readonly MonitoredNode[] }) => found(connection).monitor(nodes)),
  read: async () =>
    request(({ connection, nodes }: Request & { nodes: readonly NodeAddress[] }) =>
      readNodes(found(connection), nodes)
    ),
  write: async () =>
    request(({ connection, node, value }: Request & { node: NodeAddress; value: unknown }) =>
      writeNode(found(connection), node, value)
    ),
  call: async () =>
    request(
      ({
        connection,
        node,
        object,
        inputs
      }: Request & {
        node: NodeAddress
        object?: NodeAddress
        inputs: Record<string, unknown>
      }) => callMethod(found(connection), node, object, inputs)
    ),
  close: async () =>
    request(async ({ connection }: Request) => {
      const one = open.get(connection)
      await one?.connection.close()
      one?.end()
    }),
  discover: async () =>
    request(async (input: DiscoverInput, signal) => {
      const { found, environment } = await discover(input, signal)
      // As bytes, which are copied faster than what they describe.
      return { found, environment: Buffer.from(JSON.stringify(environment)) }
    }),
  renewCertificate: async () =>
    request(async ({ directory }: { directory: string }) => {
      await renewOwnCertificate(directory)
    })
}

function request<Input>(act: (input: Input, signal: AbortSignal) => Promise<unknown>): Task<never> {
  return async (input, { signal }): Promise<TaskResult> => ({
    head: await attempt(() => act(input, signal)),
    bytes: NOTHING
  })
}

const NOTHING: AsyncIterable<never> = { async *[Symbol.asyncIterator]() {} }

/** Refusals are outcomes: between threads an error would lose whether it is permanent. */
async function attempt<Value>(act: () => Promise<Value>): Promise<OutcomeOf<Value>> {
  try {
    return { value: await act() }
  } catch (error) {
    const isPermanent = error instanceof Refused && error.isPermanent
    return { error: { text: error instanceof Refused ? error.message : sentenceOf(error), isPermanent } }
  }
}

function found(connection: number): Connection {
  const one = open.get(connection)
  if (one === undefined) throw new Refused('there is no connection')
  return one.connection
}

if (parentPort !== null) serveTasks(parentPort, tasks)
