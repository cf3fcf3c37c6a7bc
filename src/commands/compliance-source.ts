/** Requests of the commands for compliance reports to a running hub, and where they find reports. */
import { readFile } from 'node:fs/promises'
import { HubError } from '../errors.ts'
import type { ExaminedHub } from '../reports/compliance/examined-hub.ts'
import { credentialsFor, type HubAddress } from './hub-request.ts'

const TIMEOUT_MS = 30_000

/** Requests as the report has them, answered whatever their status. @throws HubError `Unavailable` without an answer */
export function requestsTo(hub: HubAddress): ExaminedHub['request'] {
  const { origin } = new URL(hub.url)
  return async (method, path, { headers = {}, body } = {}) => {
    const response = await fetch(origin + path, {
      method,
      headers: { ...headers, ...credentialsFor(hub) },
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body !== undefined && { body: typeof body === 'string' ? body : Buffer.from(body) })
    }).catch((error: Error) => {
      const reason = (error.cause as Error | undefined)?.message ?? error.message
      throw new HubError('Unavailable', [`${hub.url} does not answer: ${reason}`])
    })
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: Buffer.from(await response.arrayBuffer())
    }
  }
}

/** @throws HubError `BadRequest` in one sentence */
export async function readReportFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new HubError('BadRequest', [`${file} cannot be read: ${(error as Error).message}`])
  }
}
