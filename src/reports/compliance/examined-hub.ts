/** The hub as its examination sees it: by requests like those of clients, and facts that no request returns. */

export interface ExaminedHub {
  /** Sends a request, inside the process or over the network; the caller's credentials are added by it. */
  request(method: string, path: string, init?: RequestContent): Promise<HubResponse>
  /** Pushes samples over a WebSocket; absent: the hub is examined from outside. @returns its answer */
  pushOverStream?(push: object): Promise<unknown>
  /** Of the API, e.g. `/api/v3`. */
  readonly apiPrefix: string
  readonly facts: HubFacts
}

export interface RequestContent {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

export interface HubResponse {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** What only the process itself knows. */
export interface HubFacts {
  readonly version: string
  readonly build: string
  readonly started: string
  /** Settings that differ from the default; secrets only as "set". */
  readonly settings: Readonly<Record<string, string>>
  readonly store: 'sqlite' | 'mongodb'
  readonly address: string
}
