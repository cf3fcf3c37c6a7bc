/** The little that the bench uses of autocannon. */
declare module 'autocannon' {
  export interface Request {
    method?: string
    path?: string
    headers?: Record<string, string>
    body?: string
    setupRequest?: (request: Request) => Request
  }

  /** One connection. */
  export interface Client {
    setRequests(requests: Request[]): void
  }

  export interface Options {
    url: string
    connections: number
    /** Seconds; ten without it. */
    duration?: number
    /** Requests in all, in place of a duration. */
    amount?: number
    requests?: Request[]
    /** Requests per second over all connections. */
    overallRate?: number
    /** Called for each connection before its first request. */
    setupClient?: (client: Client) => void
  }

  export interface Result {
    '2xx': number
    non2xx: number
    errors: number
    timeouts: number
    /** Seconds. */
    duration: number
    latency: { p50: number; p99: number }
  }

  export default function autocannon(options: Options): Promise<Result>
}
