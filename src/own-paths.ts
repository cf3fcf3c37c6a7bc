/** Everything that the hub serves beside the standard's operations, as its OpenAPI document tells of it. */
import { eventPaths } from './doors/events/openapi.ts'
import { datasetPaths } from './doors/export/openapi.ts'
import { docsPaths } from './doors/http/docs.ts'
import type { ExtensionPath } from './doors/http/own-path.ts'
import { ingestPaths } from './doors/ingest/openapi.ts'
import { streamPath } from './doors/stream/openapi.ts'
import { timeseriesPaths } from './doors/timeseries/openapi.ts'
import { probePaths } from './health.ts'
import { landingPath } from './landing.ts'
import { metricsPath } from './metrics.ts'

export const ownPaths: readonly ExtensionPath[] = [
  ...ingestPaths,
  ...eventPaths,
  streamPath,
  ...timeseriesPaths,
  ...datasetPaths,
  landingPath,
  ...docsPaths,
  ...probePaths,
  metricsPath
]
