/** The hub as the tools of MCP see it: its HTTP API, called inside the process for a caller, or over the network. */

export interface HubPort {
  /** Under which clients reach the hub, without a slash at the end; for links. */
  readonly url: string
  /** Path of the standard API, such as `/api/v3`. */
  readonly apiPrefix: string
  /** @throws Error in one sentence where the hub cannot be reached */
  send(request: PortRequest): Promise<PortResponse>
}

export interface PortRequest {
  readonly method: 'GET' | 'POST' | 'PATCH'
  /** With its query. */
  readonly path: string
  /** JSON. */
  readonly body?: string
}

export interface PortResponse {
  readonly status: number
  header(name: string): string | undefined
  /** It may be left before its end. */
  readonly body: AsyncIterable<Uint8Array>
}
