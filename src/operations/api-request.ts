/** What an operation is asked and what it answers. Plain data: no operation knows HTTP beyond a status number. */
import type { Readable } from 'node:stream'
import type { IdShortPath } from '../model/path.ts'
import type { Content, RequestQuery } from './request-query.ts'
import type { OperationDefinition } from './table.ts'

/** A file that comes in; the operation must consume or destroy `bytes`. */
export interface FileUpload {
  readonly bytes: Readable
  readonly fileName: string
  readonly contentType: string
  /** The other parts of the form, e.g. `aasIds`. */
  readonly fields: Readonly<Record<string, string>>
}

/**
 * A service with an address of its own beside the hub's: that of one shell, of one submodel, or the repository of
 * submodel templates. Whoever calls it sees nothing else.
 */
export type Service = 'aas' | 'submodel' | 'templates'

/** One request, decoded and checked against its row, before anybody looks into the store. */
export interface ApiRequest {
  readonly definition: OperationDefinition
  readonly content: Content
  /** Absent: the hub as a whole. */
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
  readonly upload?: FileUpload
  /** Revisions of `If-Match` / `If-None-Match`; `*` for any. */
  readonly ifMatch?: '*' | readonly number[]
  readonly ifNoneMatch?: '*' | readonly number[]
  /** Media types of `Accept`, best first; `['*' + '/*']` where none was given. */
  readonly accept: readonly string[]
  /** The bytes asked for with `Range`, if some were: from the start on, or as many at the end. */
  readonly range?: { readonly start: number; readonly end?: number } | { readonly suffix: number }
  /** URL of the API root as callers reach it, without trailing slash, e.g. `https://hub.plant.kr/api/v3`. */
  readonly base: string
  /** Path of the mount as the caller wrote it, e.g. `/submodels/abc`; the base of a Location. */
  readonly mount: string
}

/** What goes back. At most one of `bytes`, `json` and `stream`. */
export interface ApiResponse {
  readonly status: number
  /** JSON text that is ready to go. */
  readonly bytes?: Buffer | string
  /** A value that the door turns into JSON. */
  readonly json?: unknown
  readonly stream?: Readable
  readonly contentType?: string
  readonly contentLength?: number
  /** `Content-Range` of a part, or of a range that cannot be had. */
  readonly contentRange?: string
  readonly fileName?: string
  /** Headers that only this operation has. */
  readonly headers?: Readonly<Record<string, string>>
  /** Where the new resource is, below the API root, e.g. `/submodels/abc`. */
  readonly location?: string
  /** Seconds to wait before asking again. */
  readonly retryAfter?: number
  /** ETag. */
  readonly revision?: number
}
