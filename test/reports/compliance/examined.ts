/** A running hub as its examination sees it, over HTTP. */

import type { RequestListener } from 'node:http'
import { systemClock } from '../../../src/clock.ts'
import { type ExaminationOptions, examine } from '../../../src/reports/compliance/examination/examine.ts'
import type { ExaminedHub } from '../../../src/reports/compliance/examined-hub.ts'
import type { ReportCheck, ReportSection } from '../../../src/reports/compliance/report.ts'
import { pushOverOwnStream, sendOwnRequest } from '../../../src/transports/http/own-requests.ts'
import type { Running } from '../../e2e/harness.ts'

export function examined(hub: Running, headers: Readonly<Record<string, string>> = {}): ExaminedHub {
  return {
    apiPrefix: new URL(hub.api).pathname,
    facts: {
      ...{ version: '1.0.0', build: 'test', started: '2026-11-29T00:00:00Z', settings: {}, store: 'sqlite' as const },
      address: hub.url
    },
    async request(method, path, { headers: own = {}, body } = {}) {
      const response = await fetch(hub.url + path, {
        ...{ method, redirect: 'manual' as const, headers: { ...headers, ...own } },
        ...(body !== undefined && { body: body as NonNullable<RequestInit['body']> })
      })
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: Buffer.from(await response.arrayBuffer())
      }
    }
  }
}

/** The same by requests that the hub sends to itself. */
export function selfExamined(hub: Running, settings: Readonly<Record<string, string>> = {}): ExaminedHub {
  const { host } = new URL(hub.url)
  const { facts, apiPrefix } = examined(hub)
  return {
    apiPrefix,
    facts: { ...facts, settings },
    request: (method, path, content) => sendOwnRequest(hub.server.app, host, { method, path, ...content }),
    pushOverStream: (push) => pushOverOwnStream(hub.server.app, host, push, systemClock)
  }
}

const NOW = Date.now()
const PERIOD = { from: new Date(NOW - 86_400_000).toISOString(), to: new Date(NOW).toISOString() }

export function examineHub(
  hub: ExaminedHub,
  options: Partial<ExaminationOptions> = {}
): Promise<readonly ReportSection[]> {
  return examine(hub, { period: PERIOD, ...options })
}

export function checksOf(sections: readonly ReportSection[]): ReadonlyMap<string, ReportCheck> {
  return new Map(sections.flatMap(({ checks }) => checks.map((check) => [check.id, check] as const)))
}

/** Makes a hub answer GET requests of a path as if it had no such route. */
export function breakRoute({ server }: Running, path: RegExp): void {
  const listening = server.app.server
  const listeners = listening.listeners('request') as RequestListener[]
  listening.removeAllListeners('request')
  listening.on('request', (request, response) => {
    if (request.method === 'GET' && path.test(request.url ?? '')) response.writeHead(404).end()
    else for (const listener of listeners) listener(request, response)
  })
}
