/** What commands need of the hub that the settings name. */
import { HubError } from '../errors.ts'
import type { Store } from '../store/store.ts'
import { credentialsFor, hubAddressOf } from './hub-request.ts'

export interface LocalHub {
  readonly apiPrefix: string
  /** For messages. */
  readonly directory: string
  /** Undefined if there is none yet. @throws HubError `Unavailable` where a hub is using it */
  openStore(): Promise<Store | undefined>
}

/** The API of the running hub that `--url` names, and the headers that it asks for. */
export interface RemoteApi {
  readonly api: string
  readonly headers: Readonly<Record<string, string>>
}

export async function remoteApi(
  flags: ReadonlyMap<string, string>,
  { apiPrefix }: LocalHub
): Promise<RemoteApi | undefined> {
  const hub = await hubAddressOf(flags)
  if (hub === undefined) return undefined
  return { api: hub.url.replace(/\/$/, '') + apiPrefix, headers: { ...credentialsFor(hub) } }
}

/** The value of a flag that is a choice. @throws HubError `BadRequest` */
export function choiceOf<Choice extends string>(
  flags: ReadonlyMap<string, string>,
  name: string,
  choices: readonly [Choice, ...Choice[]]
): Choice {
  const text = flags.get(name) ?? choices[0]
  const choice = choices.find((one) => one === text)
  if (choice === undefined)
    throw new HubError('BadRequest', [`--${name} is "${text}", expected ${choices.join(' or ')}`])
  return choice
}

/** The beginning of ids to make. @throws HubError `BadRequest` */
export function idBaseOf(flags: ReadonlyMap<string, string>, standard?: string): string {
  const base = flags.get('id-base') ?? standard
  if (base === undefined || !/^(?:https?:\/\/[^/]|urn:)\S*$/.test(base))
    throw new HubError('BadRequest', [
      `--id-base is ${base === undefined ? 'missing' : `"${base}"`}, expected the beginning of ids, e.g. https://plant.example/ids`
    ])
  return base
}
