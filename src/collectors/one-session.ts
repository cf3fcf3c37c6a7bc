/** A session for a single reading or writing, beside the ones that are supervised. */
import type { Clock } from '../clock.ts'
import type { InterfaceDescription, InterfaceItem } from '../operations/asset-interfaces/asset-interface.ts'
import type { TestedItem } from '../operations/asset-interfaces/connection.ts'
import type { CollectedSample, Connectors, Session, SessionContext } from './connector.ts'
import { CollectorError } from './connector.ts'

export interface SessionParts extends Pick<SessionContext, 'resolve' | 'secret'> {
  readonly clock: Clock
  readonly connectors: Connectors
}

/** Opens a session, uses it, and closes it. @throws CollectorError */
export async function withSession<Result>(
  description: InterfaceDescription,
  { clock, connectors, resolve, secret }: SessionParts,
  act: (session: Session, problems: ReadonlyMap<string, string>) => Promise<Result>
): Promise<Result> {
  const load = connectors[description.protocol]
  if (load === undefined) throw new CollectorError(`${description.protocol} is not read by the collectors`)
  const ending = new AbortController()
  const problems = new Map<string, string>()
  const nothing = () => {}
  const context: SessionContext = {
    ...{ clock, resolve, secret, signal: ending.signal, deliver: async () => {}, deliverColumns: async () => {} },
    lastGood: async () => new Map(),
    ...{ degraded: nothing, recovered: nothing, lost: nothing, interrupted: nothing, missed: nothing, gap: nothing },
    problem: (path, text) => problems.set(path, text)
  }
  const open = await load()
  let session: Session | undefined
  try {
    session = await open(description, context, { isTest: true })
    return await act(session, problems)
  } finally {
    ending.abort()
    await session?.close()
  }
}

/** Reads each item of an interface that is read. @param problems what is wrong in descriptions, by path */
export async function testItems(
  session: Session,
  items: readonly InterfaceItem[],
  problems: ReadonlyMap<string, string> = new Map()
): Promise<readonly TestedItem[]> {
  const read = items.filter(({ sinks }) => sinks.length > 0)
  const samples = await session.read(read)
  return read.map((item, at) => testedOf(item, samples[at], problems.get(item.path)))
}

function testedOf(
  { path, sinks }: InterfaceItem,
  sample: CollectedSample | undefined,
  problem: string | undefined
): TestedItem {
  const reason = problem ?? sample?.reason ?? (sample === undefined ? 'nothing was read' : undefined)
  return {
    ...{ path, sinks, time: sample?.time ?? 0n },
    quality: sample?.quality ?? (sample?.value === undefined ? 'bad' : 'good'),
    ...(sample?.value !== undefined && { value: sample.value }),
    ...(reason !== undefined && { reason })
  }
}
