/** Request and response of an operation. Plain data, independent of HTTP except for the status. */
import type { Readable } from 'node:stream'
import type { IdShortPath } from '../model/path.ts'
import type { Content, RequestQuery } from './request-query.ts'
import type { OperationDefinition } from './table.ts'

/** An uploaded file; the operation must consume or destroy `bytes`. */
export interface FileUpload {
  readonly bytes: Readable
  readonly fileName: string
  readonly contentType: string
  /** The other parts of the form, e.g. `aasIds`. */
  readonly fields: Readonly<Record<string, string>>
}

/**
 * A service with a base URL of its own: one shell, one submodel, or the repository of submodel templates. Its clients
 * see nothing else of the hub.
 */
export type Service = 'aas' | 'submodel' | 'templates'

/** A request, decoded and checked against its definition. */
export interface ApiRequest {
  readonly definition: OperationDefinition
  readonly content: Content
  /** Absent: the whole hub. */
  readonly service?: Service
  /** Path parameters, decoded from base64url. */
  readonly aasIdentifier?: string
  readonly submodelIdentifier?: string
  readonly cdIdentifier?: string
  readonly packageId?: string
  readonly handleId?: string
  readonly idShortPath?: IdShortPath
  readonly query: RequestQuery
  /** The parsed JSON body, not yet validated. */
  readonly body?: unknown
  /** Is the body so large that work on it needs pauses? */
  readonly isLarge?: boolean
  readonly upload?: FileUpload
  /** Revisions of `If-Match` / `If-None-Match`; `*` for any. */
  readonly ifMatch?: '*' | readonly number[]
  readonly ifNoneMatch?: '*' | readonly number[]
  /** Media types of `Accept` by preference; `['*' + '/*']` if absent. */
  readonly accept: readonly string[]
  /** The parameter `version` of these media types, where it was sent. */
  readonly acceptedVersions?: ReadonlyMap<string, string>
  /** `Range`: from `start` to `end` or the end of the file, or the last `suffix` bytes. */
  readonly range?: { readonly start: number; readonly end?: number } | { readonly suffix: number }
  /** URL of the API root as clients reach it, without trailing slash, e.g. `https://hub.plant.kr/api/v3`. */
  readonly base: string
  /** A signal that is aborted when the client leaves; absent: it cannot. */
  readonly gone?: () => AbortSignal
  /** Path of the mount as requested, e.g. `/submodels/abc`; the base of a `Location`. */
  readonly mount: string
}

/** At most one of `bytes`, `json` and `stream` is present. */
export interface ApiResponse {
  readonly status: number
  /** Serialized JSON. */
  readonly bytes?: Buffer | string
  /** A value that the transport serializes. */
  readonly json?: unknown
  readonly stream?: Readable
  readonly contentType?: string
  readonly contentLength?: number
  /** `Content-Range` of a partial response, or of a range that is not satisfiable. */
  readonly contentRange?: string
  readonly fileName?: string
  /** Further headers. */
  readonly headers?: Readonly<Record<string, string>>
  /** Path of the new resource below the API root, e.g. `/submodels/abc`. */
  readonly location?: string
  /** Seconds to wait before asking again. */
  readonly retryAfter?: number
  /** ETag. */
  readonly revision?: number
}

/** Ends work that no client waits for any more. */
export function untilGone({ gone }: ApiRequest): AbortSignal {
  return gone?.() ?? new AbortController().signal
}
