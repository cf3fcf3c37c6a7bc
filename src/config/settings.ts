/**
 * All settings, as one table. A setting is an environment variable (`DATA_DIR=/var/lib/hub`) or a flag of the same name
 * (`--data-dir /var/lib/hub`); the flag wins. Parsing, checks, `--help` and docs/settings.md are derived from it.
 */
import { parseHistoryPolicy } from '../consumers/history/policy.ts'
import { parseBytes } from '../memory/byte-size.ts'
import { limitSettings } from './limit-settings.ts'
import { machineSettings } from './machine-settings.ts'
import {
  parseBoolean,
  parseCount,
  parseDatabaseUrl,
  parseDuration,
  parseHosts,
  parseNetworks,
  parseOneOf,
  parseOptionalCount,
  parseOptionalDuration,
  parseOrigin,
  parseOrigins,
  parsePathPrefix,
  parsePort,
  parseRetention,
  parseSchedule,
  parseTemplatePolicies,
  parseText,
  parseTimeout,
  parseUrl,
  parseUrls,
  type Setting,
  TEMPLATE_POLICIES
} from './parsers.ts'

export const settings = {
  HOST: { parse: parseText, default: '127.0.0.1', means: 'Address to listen on; `0.0.0.0` for all interfaces' },
  PORT: { parse: parsePort, default: '8080', means: 'Port to listen on; `0` takes a free one' },
  DATA_DIR: { parse: parseText, default: './data', means: 'Data directory; created if absent' },
  MONGODB_URL: {
    parse: parseDatabaseUrl,
    default: '',
    means:
      'Connection string of a MongoDB that stores all data instead, and that several hubs may share; `DATA_DIR` then holds temporary files, one directory per hub'
  },
  MONGODB_CREDENTIALS_FILE: { parse: parseText, default: '', means: 'File with `user:password` for MongoDB' },
  MONGODB_CA_FILE: { parse: parseText, default: '', means: 'CA certificates (PEM) for the connection to MongoDB' },
  MONGODB_POOL_SIZE: { parse: parseCount, default: '20', means: 'Maximum number of connections to MongoDB' },
  MONGODB_CONNECT_TIMEOUT: {
    parse: parseTimeout,
    default: '2s',
    means: 'Time to connect to MongoDB before a request is refused'
  },
  MONGODB_TIMEOUT: { parse: parseTimeout, default: '10s', means: 'Time MongoDB may take to respond' },
  API_PREFIX: {
    parse: parsePathPrefix,
    default: '/api/v3',
    means: 'Path prefix of the standard API; the aliases add `.0` and `.1`'
  },
  PUBLIC_URL: {
    parse: parseOrigin,
    default: '',
    means: 'URL under which clients reach the hub behind a proxy; without path'
  },
  PRELOAD: {
    parse: parseText,
    default: '',
    means:
      'File, or folder of files (`.aasx`, `.json`, `.xml`), loaded at start; documents that are already stored stay as they are'
  },
  LENIENT: {
    parse: parseBoolean,
    default: 'false',
    flag: true,
    means: 'Accept invalid documents in uploads and preloaded files, and store the reasons'
  },
  TEMPLATES: {
    parse: parseOneOf(...TEMPLATE_POLICIES),
    default: 'warn',
    means:
      'What to do with a submodel that violates the template of its semanticId: `off` nothing, `warn` store it with the reasons, `enforce` refuse it'
  },
  TEMPLATE_POLICY: {
    parse: parseTemplatePolicies,
    default: '',
    means: 'Exceptions from `TEMPLATES`, separated by commas: `semanticId=enforce`, `semanticId=off`'
  },
  SCHEMAS_DIR: {
    parse: parseText,
    default: '',
    means:
      'Folder of additional JSON Schemas, or submodel templates as `.json`; they override the built-in ones of the same semanticId'
  },
  ISSUERS: {
    parse: parseText,
    default: '',
    means:
      'JSON file with the identity providers whose tokens are accepted: a list of `{issuer, audience, scopes?, jwksUri?, algorithms?, claims?}`, or a trust list of BaSyx Go; read again when the file changes'
  },
  TLS_CERT: {
    parse: parseText,
    default: '',
    means: 'Certificate chain (PEM) for HTTPS; read again when the file changes'
  },
  TLS_KEY: { parse: parseText, default: '', means: 'Private key (PEM) of `TLS_CERT`' },
  TLS_CLIENT_CA: {
    parse: parseText,
    default: '',
    means:
      'CA certificates (PEM); callers may authenticate with a client certificate of one of these; read again when the file changes'
  },
  TLS_CRL: {
    parse: parseText,
    default: '',
    means:
      'Lists of the certificates that the authorities in `TLS_CLIENT_CA` have revoked (PEM), one for each; read again when the file changes. Empty: revocation is not checked'
  },
  TLS_CLIENT_CLAIMS: {
    parse: parseText,
    default: '',
    means:
      'JSON file with the claims of client certificates: a list of `{subject: {CN: "line-*"}, fingerprint?, claims: {role: "gateway"}}`; read again when the file changes'
  },
  INSECURE: {
    parse: parseBoolean,
    default: 'false',
    flag: true,
    means: 'Start without authentication on an address that other machines reach'
  },
  ...limitSettings,
  LOG_RETENTION: { parse: parseDuration, default: '7d', means: 'Time for which the log of changes is kept' },
  REVISION_RETENTION: {
    parse: parseRetention,
    default: '90d',
    means:
      'Time for which it is kept what documents were before, for `$history` and `$recent-changes`; `off`: it is not kept'
  },
  REVISION_SIZE: {
    parse: parseBytes,
    default: '1GiB',
    means: 'Disk for it, approximately; beyond it the oldest is deleted earlier'
  },
  HISTORY: {
    parse: parseHistoryPolicy,
    default: '',
    means:
      'Policy of the history for elements without a qualifier `History`: `off`, or `keep=P1Y; after=P30D; mean=PT1M`; empty keeps everything'
  },
  COLLECTION_PLAN: {
    parse: parseText,
    default: '',
    means:
      'Plan of the data-collection points, to be compared with what is collected: a file (`.csv`, `.xlsx`, `.json`), or the identifier of a stored submodel; empty: there is none'
  },
  LOG_SIZE: {
    parse: parseBytes,
    default: '4GiB',
    means: 'Maximum size of the log of changes; beyond it the oldest entries are trimmed early'
  },
  FUTURE_LIMIT: {
    parse: parseOptionalDuration,
    default: '10m',
    means: 'How far the time of a sample may be ahead of the clock of the hub; `off` for no limit'
  },
  FUTURE_SAMPLES: {
    parse: parseOneOf('refuse', 'clamp'),
    default: 'refuse',
    means:
      'What to do with samples beyond `FUTURE_LIMIT`: `refuse` them, or `clamp` them to the time of arrival, with quality uncertain; MQTT always clamps'
  },
  UNKNOWN_SERIES: {
    parse: parseOneOf('refuse', 'create'),
    default: 'refuse',
    means: 'What to do with samples for an element that does not exist: `refuse` them, or `create` the Property'
  },
  UNKNOWN_SUBMODEL: {
    parse: parseText,
    default: '',
    means: 'Id of the only submodel that samples may create; empty: any'
  },
  UNKNOWN_TEMPLATE: {
    parse: parseText,
    default: '',
    means: 'The semanticId, e.g. of a submodel template, of submodels created by samples'
  },
  SEGMENT_RECORDS: {
    parse: parseCount,
    default: '100',
    means: 'Number of latest records in the internal segment of a TimeSeries submodel (IDTA 02008)'
  },
  STREAM_HEARTBEAT: {
    parse: parseTimeout,
    default: '20s',
    means: 'Interval of heartbeats on a WebSocket; a client that does not answer is disconnected'
  },
  STREAM_DEFLATE: {
    parse: parseBoolean,
    default: 'false',
    flag: true,
    means: 'Offer compression (permessage-deflate) to WebSocket clients'
  },
  LINE_MAPPING: {
    parse: parseText,
    default: '',
    means:
      'JSON file that maps points of the line protocol to elements; empty: by the tag `submodel` or the measurement'
  },
  ACCESS_RULES: {
    parse: parseText,
    default: '',
    means:
      'File, or folder of `.json` files, with access rules of AAS Part 4; read at each start and whenever it changes. Empty: the version that was activated last, or the built-in roles'
  },
  TRUSTED_PROXIES: {
    parse: parseNetworks,
    default: '',
    means:
      'Addresses or networks of proxies, separated by commas, whose `X-Forwarded-For` names the client, for limits, failed logins and the audit'
  },
  REQUEST_RATE: {
    parse: parseOptionalCount,
    default: '5000',
    means:
      'Requests per second that one caller may make, where callers are authenticated; beyond it 429. `off` for no limit'
  },
  SAMPLE_RATE: {
    parse: parseOptionalCount,
    default: 'off',
    means: 'Samples per second that one caller may push, where callers are authenticated; beyond it 429'
  },
  CALLER_CONNECTIONS: {
    parse: parseOptionalCount,
    default: '1000',
    means: 'WebSockets that one caller may have open, where callers are authenticated'
  },
  CALLER_SUBSCRIPTIONS: {
    parse: parseOptionalCount,
    default: '2000',
    means:
      'Subscriptions that one caller may have, over WebSockets and as streams of events, where callers are authenticated'
  },
  AUDIT: {
    parse: parseOneOf('off', 'writes', 'reads'),
    default: 'writes',
    means:
      'What is recorded of callers who are identified: `writes` with refusals, logins and changes of keys, users and rules, also `reads`, or nothing (`off`). An open hub knows no callers'
  },
  AUDIT_RETENTION: { parse: parseDuration, default: '365d', means: 'Time for which the audit is kept' },
  AUDIT_VALUES: {
    parse: parseBoolean,
    default: 'false',
    flag: true,
    means: 'Record in the audit also the values that are written to elements'
  },
  SIGNING_KEY: {
    parse: parseText,
    default: '',
    means:
      'Private key (PEM, PKCS #8: Ed25519, P-256, P-384 or RSA) that compliance reports are signed with; empty: one that the hub makes and keeps'
  },
  COMPLIANCE_SCHEDULE: {
    parse: parseSchedule,
    default: 'off',
    means:
      'When the hub examines itself: every `12h` or `7d`, at `03:00` each day (time of the machine), or `off`. What became worse is logged, counted by the metrics and recorded in the audit'
  },
  COMPLIANCE_CRITERIA: {
    parse: parseText,
    default: '',
    means:
      'JSON file with the criteria that the compliance report maps to its checks, in the form of schemas/compliance/criteria.json; empty: that file'
  },
  COMPLIANCE_REPORTS: {
    parse: parseCount,
    default: '100',
    means: 'Number of compliance reports that are kept; the oldest are deleted first'
  },
  COMPLIANCE_SIZE: {
    parse: parseBytes,
    default: '256MiB',
    means: 'Maximum size of all compliance reports that are kept'
  },
  CHROMIUM: {
    parse: parseText,
    default: '',
    means: 'Chromium or Chrome that prints documents as PDF; empty: the one that is installed in a usual place'
  },
  CORS_ORIGIN: {
    parse: parseOrigins,
    default: '',
    means: 'Web origins that may call the API from a browser, separated by commas; `*` for all, empty for none'
  },
  ALLOWED_HOSTS: {
    parse: parseHosts,
    default: '',
    means:
      'Accepted host names besides that of `PUBLIC_URL`, separated by commas; `*` for any. Empty: `localhost` and IP addresses while listening on this machine only, else any'
  },
  REGISTER_AT: {
    parse: parseUrl,
    default: '',
    means: 'API root of a registry at which shells and submodels are registered, with endpoints below `PUBLIC_URL`'
  },
  ...machineSettings,
  OPERATION_TARGETS: {
    parse: parseUrls,
    default: '',
    means: 'URLs, separated by commas, to which invocations of Operations may be delegated, with all paths below them'
  },
  OPERATIONS: {
    parse: parseText,
    default: '',
    means:
      'JavaScript module whose default export has the functions that execute Operations, by `submodelId/idShortPath` or semanticId'
  },
  MCP_WRITES: {
    parse: parseBoolean,
    default: 'false',
    means: 'Offer agents tools that write values, push samples and invoke Operations, by the rights of the caller'
  },
  LOG_LEVEL: {
    parse: parseOneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    default: 'info',
    means: 'Minimum level of log lines: `trace`, `debug`, `info`, `warn`, `error`, `fatal`, `silent`'
  },
  LOG_FORMAT: {
    parse: parseOneOf('auto', 'pretty', 'json'),
    default: 'auto',
    means: 'Log lines for reading (`pretty`) or for machines (`json`); `auto`: pretty on a terminal'
  }
} as const satisfies Record<string, Setting<unknown>>
