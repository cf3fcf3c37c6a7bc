/** Items of an HTTP interface, by the vocabulary of the binding (`htv_`), gathered by the requests that they need. */
import { childrenOf } from '../../model/walk.ts'
import {
  type InterfaceDescription,
  type InterfaceItem,
  settingOf
} from '../../operations/asset-interfaces/asset-interface.ts'
import { member, text } from '../../operations/asset-interfaces/members.ts'
import { CollectorError } from '../connector.ts'
import { type SecurityScheme, schemeOf } from '../security-scheme.ts'
import { type Place, parsePlace } from './extract.ts'

/** How the values come: asked for at intervals, as soon as there are new ones, or as a stream of events. */
export type HttpDelivery = 'poll' | 'longpoll' | 'sse'

export interface HttpPoint {
  readonly item: InterfaceItem
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly scheme: SecurityScheme
  readonly delivery: HttpDelivery
  readonly isText: boolean
  /** Where in the answer its value is. */
  readonly place: Place
  readonly intervalMs: number
}

/** One request for all items that it answers. */
export interface HttpSource extends Omit<HttpPoint, 'item' | 'place' | 'isText'> {
  readonly key: string
  readonly points: readonly HttpPoint[]
}

const DEFAULT_INTERVAL_MS = 1000
const MIN_INTERVAL_MS = 10

/** Headers that a description may not set: they belong to the connection, or would carry a secret of its author's choice. */
const RESERVED = /^(?:host|connection|content-length|transfer-encoding|upgrade|te|trailer|expect|proxy-.*)$/

/** @throws CollectorError */
export function pointOf(description: InterfaceDescription, item: InterfaceItem): HttpPoint {
  const setting = (name: string) => settingOf(description, item, name)
  const url = urlOf(description.base, setting('href') ?? '')
  const fragment = decodeURIComponent(url.hash.slice(1))
  url.hash = ''
  const contentType = setting('contentType') ?? 'application/json'
  const isText = contentType.startsWith('text/') && !contentType.startsWith('text/event-stream')
  if (!isText && !/\bjson\b|event-stream/.test(contentType)) {
    throw new CollectorError(`the content type ${contentType} is not supported`)
  }
  const place = [...parsePlace(fragment), ...item.keys]
  return {
    ...{ item, url, isText, place, headers: headersOf(item), scheme: schemeOf(description, item) },
    method: (setting('htv_methodName') ?? '').toUpperCase(),
    delivery: deliveryOf(setting('subprotocol')),
    intervalMs: Math.max(MIN_INTERVAL_MS, item.pollingMs ?? DEFAULT_INTERVAL_MS)
  }
}

/** Joined like paths: an href below a base with a path stays below it, with or without a slash at its beginning. */
function urlOf(base: string | undefined, href: string): URL {
  const joined = /^https?:\/\//i.test(href) ? href : `${(base ?? '').replace(/\/+$/, '')}/${href.replace(/^\/+/, '')}`
  const url = URL.parse(joined)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new CollectorError(`${joined.slice(0, 200)} is no address of HTTP`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new CollectorError('an address with a password in it is not used: secrets are in files')
  }
  return url
}

function headersOf({ form }: InterfaceItem): Record<string, string> {
  const list = member(form, 'htv_headers')
  const headers: Record<string, string> = {}
  for (const header of list === undefined ? [] : childrenOf(list)) {
    const name = text(member(header, 'htv_fieldName'))?.toLowerCase()
    const value = text(member(header, 'htv_fieldValue')) ?? ''
    if (name === undefined) continue
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || RESERVED.test(name) || /[^\t\x20-\x7e]/.test(value)) {
      throw new CollectorError(`the header ${name.slice(0, 100)} cannot be sent`)
    }
    headers[name] = value
  }
  return headers
}

function deliveryOf(subprotocol: string | undefined): HttpDelivery {
  if (subprotocol === undefined || subprotocol === '') return 'poll'
  if (subprotocol === 'sse' || subprotocol === 'longpoll') return subprotocol
  throw new CollectorError(`the subprotocol ${subprotocol} is not supported; sse or longpoll was expected`)
}

/** @throws CollectorError where the points cannot be read */
export function sourcesOf(points: readonly HttpPoint[]): HttpSource[] {
  const groups = Map.groupBy(points, ({ url, method, headers, scheme, delivery, intervalMs }) =>
    JSON.stringify([url.href, method, headers, scheme, delivery, delivery === 'poll' ? intervalMs : 0])
  )
  return [...groups].flatMap(([key, group]) => {
    const [first] = group
    if (first === undefined) return []
    const { url, method, headers, scheme, delivery, intervalMs } = first
    return [{ key, url, method: method === '' ? 'GET' : method, headers, scheme, delivery, intervalMs, points: group }]
  })
}
