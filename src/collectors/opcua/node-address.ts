/**
 * Addresses of nodes in forms of the WoT binding for OPC UA: `href` with a NodeId as `id` in its query, or a browse path
 * (`uav_browsePath`). Namespaces are best named by their URI (`nsu=`), since a server may number them differently after a restart.
 */

export type NodeAddress =
  | {
      readonly kind: 'id'
      /** Absent: by its index in `ns`. */
      readonly namespaceUri?: string
      readonly ns: number
      /** `i=…`, `s=…`, `g=…` or `b=…` (OPC 10000-6, 5.3.1.10). */
      readonly id: string
    }
  | {
      readonly kind: 'path'
      /** From the root on, or from Objects. */
      readonly steps: readonly PathStep[]
    }

export interface PathStep {
  /** Undefined: of any namespace. */
  readonly ns?: number
  readonly namespaceUri?: string
  readonly name: string
}

/** @returns a sentence where it is no address */
export function parseNodeAddress(href: string, browsePath: string | undefined): NodeAddress | string {
  const id = nodeIdIn(href.trim())
  if (id !== undefined) return parseNodeId(id)
  if (browsePath !== undefined) return parseBrowsePath(browsePath)
  if (/^opc\.[a-z]+:\/\//i.test(href)) return `the href ${href} names no node: expected ?id= and a NodeId`
  return href.startsWith('/') && href.length > 1
    ? parseBrowsePath(href)
    : `the href ${href} is neither ?id= with a NodeId nor a browse path`
}

/** @param text in the form of OPC 10000-6, 5.3.1.10 and 5.3.1.11, e.g. `nsu=urn:machine;s=Axis1.Speed` */
function parseNodeId(text: string): NodeAddress | string {
  const found = /^(?:svr=0;)?(?:ns=(?<ns>\d{1,5});|nsu=(?<uri>[^;]+);)?(?<id>[isgb]=.+)$/s.exec(text)
  const { ns = '0', uri, id = '' } = found?.groups ?? {}
  if (found === null) return `${text} is not a NodeId such as nsu=urn:machine;s=Speed`
  if (id.startsWith('i=') && !/^i=\d{1,10}$/.test(id)) return `${text} is not a NodeId: i= needs a number`
  return uri === undefined
    ? { kind: 'id', ns: Number(ns), id }
    : { kind: 'id', ns: 0, namespaceUri: uri.replaceAll('%3B', ';').replaceAll('%25', '%'), id }
}

export function formatNodeId(namespaceUri: string | undefined, id: string): string {
  return namespaceUri === undefined ? id : `nsu=${namespaceUri.replaceAll('%', '%25').replaceAll(';', '%3B')};${id}`
}

/** The NodeId of an href that has one. */
function nodeIdIn(href: string): string | undefined {
  const query = /[?&]id=(?<id>.+)$/s.exec(href)?.groups?.id
  if (query !== undefined) return decoded(query)
  return /^(?:svr=|nsu?=|[isgb]=)/.test(href) ? href : undefined
}

/** Characters of a path are escaped by `&` (OPC 10000-4, A.2); a name may have its namespace's index or URI in front. */
function parseBrowsePath(text: string): NodeAddress | string {
  const parts = text
    .trim()
    .replace(/^\/+|\/+$/g, '')
    .split(/(?<!&)[/.](?![^;/]*;)/)
  const steps = parts.filter((part) => part !== '').map(stepOf)
  return steps.length === 0 ? `${text} is not a browse path` : { kind: 'path', steps }
}

function stepOf(part: string): PathStep {
  const { ns, uri, name = '' } = /^(?:(?<ns>\d+):|nsu=(?<uri>[^;]+);)?(?<name>.*)$/s.exec(part)?.groups ?? {}
  return {
    ...(ns !== undefined && { ns: Number(ns) }),
    ...(uri !== undefined && { namespaceUri: uri }),
    name: name.replaceAll(/&(.)/g, '$1')
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
