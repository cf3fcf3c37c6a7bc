/** Requests of commands to a running hub. */
import { readFile } from 'node:fs/promises'
import { HubError } from '../errors.ts'

/** The hub that a command works on. */
export interface HubAddress {
  /** Without path. */
  readonly url: string
  /** Key or token that it shows; '' for none. With `user` it is its password. */
  readonly key: string
  readonly user?: string
}

/**
 * The hub that the flags `--url` and `--token-file` name; without a file the key is in `AAS_HUB_KEY`: arguments are in
 * every list of processes. `NAME:PASSWORD` is that of a user.
 */
export async function hubAddressOf(flags: ReadonlyMap<string, string>): Promise<HubAddress | undefined> {
  const [url, file] = [flags.get('url'), flags.get('token-file')]
  if (url === undefined) return undefined
  if (!URL.canParse(url)) throw new HubError('BadRequest', [`--url is "${url}", expected the address of a hub`])
  const key = file === undefined ? (process.env.AAS_HUB_KEY ?? '') : (await readFile(file, 'utf8')).trim()
  // Neither keys nor tokens contain a colon.
  const [, user, password = ''] = /^([^:]+):(.*)$/s.exec(key) ?? []
  return user === undefined ? { url, key } : { url, user, key: password }
}

/** What a hub asks for; empty without credentials. */
export function credentialsFor({ key, user }: HubAddress): { readonly authorization?: string } {
  if (key === '') return {}
  return { authorization: user === undefined ? `Bearer ${key}` : basic(user, key) }
}

/**
 * @returns the JSON that the hub answers
 * @throws HubError in one sentence where it cannot be reached or refuses
 */
export async function requestHub(hub: HubAddress, method: string, path: string, body?: unknown): Promise<unknown> {
  const text = await (await fetchHub(hub, method, path, body)).text()
  return text === '' ? undefined : JSON.parse(text)
}

/** The response of a hub that does not refuse. @throws HubError as `requestHub` */
export async function fetchHub(hub: HubAddress, method: string, path: string, body?: unknown): Promise<Response> {
  const response = await send(hub, method, path, body)
  if (response.ok) return response
  throw await refusal(hub, response)
}

/** Whether there is something at the path. @throws HubError as `requestHub` */
export async function existsAt(hub: HubAddress, path: string): Promise<boolean> {
  const response = await send(hub, 'GET', path)
  if (!response.ok && response.status !== 404) throw await refusal(hub, response)
  await response.body?.cancel()
  return response.ok
}

/** A form goes as it is, anything else as JSON. */
async function send(hub: HubAddress, method: string, path: string, body?: unknown): Promise<Response> {
  const isForm = body instanceof FormData
  return fetch(new URL(path, hub.url), {
    method,
    headers: {
      ...credentialsFor(hub),
      ...(body !== undefined && !isForm && { 'content-type': 'application/json' })
    },
    ...(body !== undefined && { body: isForm ? body : JSON.stringify(body) })
  }).catch((error: Error) => {
    throw new HubError('Unavailable', [
      `${hub.url} does not answer: ${(error.cause as Error | undefined)?.message ?? error.message}`
    ])
  })
}

async function refusal({ url }: HubAddress, response: Response): Promise<HubError> {
  return new HubError('BadRequest', [`${url} refuses with ${response.status}: ${reasonIn(await response.text())}`])
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

/** The messages of a Result. */
function reasonIn(text: string): string {
  try {
    const { messages } = JSON.parse(text) as { messages: readonly { text: string }[] }
    return messages.map((one) => one.text).join('; ')
  } catch {
    return 'without a reason'
  }
}
