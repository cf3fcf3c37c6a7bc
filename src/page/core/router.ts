/**
 * Which page is shown: `#/plant?submodel=…`. The address behind `#` never reaches the hub, so that pages need no routes there,
 * and the page works below any path of a reverse proxy.
 */
import { signal } from '@preact/signals'

export type RouteParams = Readonly<Record<string, string>>

export interface PageRoute {
  /** Without slashes around it; empty for the start. */
  readonly path: string
  readonly params: RouteParams
}

export const route = signal<PageRoute>(parse(location.hash))

addEventListener('hashchange', readAddress)

/** The address of a page, for links. Undefined and empty parameters are left out. */
export function linkTo(path: string, params: Readonly<Record<string, string | undefined>> = {}): string {
  const given = Object.entries(params).filter((entry): entry is [string, string] => (entry[1] ?? '') !== '')
  return given.length === 0 ? `#/${path}` : `#/${path}?${new URLSearchParams(given)}`
}

export function navigate(path: string, params?: Readonly<Record<string, string | undefined>>): void {
  location.hash = linkTo(path, params)
}

/** To be called where the address was changed without a `hashchange`. */
export function readAddress(): void {
  route.value = parse(location.hash)
}

/** Changes the address without a new step in the browser's history, e.g. while the reader types. */
export function replaceRoute(path: string, params?: Readonly<Record<string, string | undefined>>): void {
  history.replaceState(history.state, '', linkTo(path, params))
  readAddress()
}

function parse(hash: string): PageRoute {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2)
  return { path: path.replace(/\/+$/, ''), params: Object.fromEntries(new URLSearchParams(query)) }
}
