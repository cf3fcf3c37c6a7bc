/** Media types and content encodings of bodies with samples. */

export const JSON_TYPE = 'application/json'
export const SENML_TYPE = 'application/senml+json'
export const NDJSON_TYPES: readonly string[] = ['application/x-ndjson', 'application/ndjson', 'application/jsonl']

/** Of InfluxDB's line protocol. */
export const LINE_TYPES: readonly string[] = ['text/plain', 'application/vnd.influx', 'application/octet-stream']

export const CONTENT_ENCODINGS = ['gzip', 'zstd'] as const
