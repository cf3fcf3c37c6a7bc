/** What a server offers, as found by browsing. */
export interface DiscoveredServer {
  /** Of its application. */
  readonly uri: string
  readonly name: string
  readonly nodes: readonly DiscoveredNode[]
  /** More nodes were there than are listed. */
  readonly isCut: boolean
}

interface Discovered {
  /** Names of the objects above it, the outermost first, and its own. */
  readonly path: readonly string[]
  /** With the URI of its namespace. */
  readonly nodeId: string
  readonly displayName: string
  readonly description?: string
}

export interface DiscoveredVariable extends Discovered {
  readonly kind: 'variable'
  /** Number of the built-in type. */
  readonly type: number
  readonly isArray: boolean
  /** As it was when browsing; undefined: it had none. */
  readonly value?: unknown
  readonly isWritable: boolean
  readonly hasHistory: boolean
  /** As the machine writes it, e.g. `°C`. */
  readonly unit?: string
  readonly range?: { readonly low: number; readonly high: number }
}

export interface DiscoveredMethod extends Discovered {
  readonly kind: 'method'
  readonly objectId: string
  readonly inputs: readonly MethodArgument[]
  readonly outputs: readonly MethodArgument[]
}

export interface MethodArgument {
  readonly name: string
  readonly type: number
}

export type DiscoveredNode = DiscoveredVariable | DiscoveredMethod
