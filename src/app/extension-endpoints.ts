/** The endpoints that the hub serves beside the operations of the standard, for its OpenAPI document. */
import { accessRuleEndpoints } from '../transports/access-rules/endpoint.ts'
import { auditEndpoints } from '../transports/audit/endpoint.ts'
import { certificateEndpoints } from '../transports/certificates/endpoint.ts'
import { collectionEndpoint } from '../transports/collection/endpoint.ts'
import { complianceEndpoints } from '../transports/compliance/endpoint.ts'
import { conformanceEndpoint, repairEndpoint } from '../transports/conformance/endpoint.ts'
import { connectionEndpoints } from '../transports/connections/endpoint.ts'
import { datasetEndpoint } from '../transports/dataset/endpoint.ts'
import { documentSetEndpoints } from '../transports/document-set/endpoint.ts'
import { capabilitiesEndpoint, eventsEndpoint } from '../transports/events/endpoint.ts'
import { docsEndpoints } from '../transports/http/docs.ts'
import type { ExtensionEndpoint } from '../transports/http/extension-endpoint.ts'
import { i3xEndpoints } from '../transports/i3x/endpoint.ts'
import { queryEndpoint } from '../transports/influxql/endpoint.ts'
import { ingestEndpoint } from '../transports/ingest/endpoint.ts'
import { influxEndpoints } from '../transports/ingest/influx-endpoints.ts'
import { mcpEndpoint } from '../transports/mcp/endpoint.ts'
import { securityEndpoints } from '../transports/security/endpoints.ts'
import { sendersEndpoint } from '../transports/senders/endpoint.ts'
import { seriesEndpoint } from '../transports/series/endpoint.ts'
import { shellSearchEndpoint } from '../transports/shell-search/endpoint.ts'
import { streamEndpoint } from '../transports/stream/endpoint.ts'
import { timeseriesEndpoint } from '../transports/timeseries/endpoint.ts'
import { probeEndpoints } from './health.ts'
import { indexPageEndpoint } from './index-page.ts'
import { metricsEndpoint } from './metrics.ts'
import { pageEndpoints } from './page.ts'
import { settingsEndpoint } from './settings-endpoint.ts'

export const extensionEndpoints: readonly ExtensionEndpoint[] = [
  ingestEndpoint,
  ...influxEndpoints,
  queryEndpoint,
  eventsEndpoint,
  capabilitiesEndpoint,
  streamEndpoint,
  timeseriesEndpoint,
  seriesEndpoint,
  datasetEndpoint,
  mcpEndpoint,
  collectionEndpoint,
  sendersEndpoint,
  ...Object.values(connectionEndpoints),
  ...Object.values(certificateEndpoints),
  shellSearchEndpoint,
  documentSetEndpoints.list,
  documentSetEndpoints.document,
  ...Object.values(i3xEndpoints),
  ...accessRuleEndpoints,
  auditEndpoints.entries,
  auditEndpoints.head,
  ...securityEndpoints,
  conformanceEndpoint,
  repairEndpoint,
  ...Object.values(complianceEndpoints),
  indexPageEndpoint,
  ...pageEndpoints,
  ...docsEndpoints,
  ...probeEndpoints,
  metricsEndpoint,
  settingsEndpoint
]
