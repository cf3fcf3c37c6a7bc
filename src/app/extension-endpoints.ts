/** Everything that the hub serves beside the operations of the standard, for its OpenAPI document. */
import { datasetPaths } from '../transports/dataset/openapi.ts'
import { eventPaths } from '../transports/events/openapi.ts'
import { docsPaths } from '../transports/http/docs.ts'
import type { ExtensionPath } from '../transports/http/extension-endpoint.ts'
import { ingestPaths } from '../transports/ingest/openapi.ts'
import { streamPath } from '../transports/stream/openapi.ts'
import { timeseriesPaths } from '../transports/timeseries/openapi.ts'
import { probePaths } from './health.ts'
import { indexPagePath } from './index-page.ts'
import { metricsPath } from './metrics.ts'

export const extensionPaths: readonly ExtensionPath[] = [
  ...ingestPaths,
  ...eventPaths,
  streamPath,
  ...timeseriesPaths,
  ...datasetPaths,
  indexPagePath,
  ...docsPaths,
  ...probePaths,
  metricsPath
]
