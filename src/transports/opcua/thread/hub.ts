/** The hub, as the thread of the server asks it. */
import type { RemoteSources } from '../../../threads/serve-tasks.ts'
import type { ServerSources } from '../messages.ts'

type Asked = Omit<ServerSources, 'changes'>

/** Each source as a function that asks the main thread. */
export type Hub = {
  readonly [Name in keyof Asked]: (...args: Parameters<Asked[Name]>) => Promise<Awaited<ReturnType<Asked[Name]>>>
}

const NAMES = [
  'open',
  'close',
  'document',
  'list',
  'values',
  'watch',
  'unwatch',
  'write',
  'count'
] as const satisfies (keyof Asked)[]

export function hubOf(sources: RemoteSources): Hub {
  return Object.fromEntries(
    NAMES.map((name) => [name, (...args: unknown[]) => sources.ask(name, ...args)])
  ) as unknown as Hub
}
