/** Settings of what the hub takes: memory, sizes, counts and times; a part of the table in settings.ts. */
import { parseBytes } from '../memory/byte-size.ts'
import { parseMemory } from '../memory/plan.ts'
import { parseAutoBytes, parseCount, parseThreads, parseTimeout, type Setting } from './parsers.ts'

export const limitSettings = {
  MEMORY: {
    parse: parseMemory,
    default: 'auto',
    means:
      'Memory that the process should not exceed; caches, queues and heaps follow from it. `auto`: nine tenths of the limit of the container, else half of the machine, at most 4 GiB'
  },
  BODY_LIMIT: {
    parse: parseAutoBytes,
    default: 'auto',
    means: 'Maximum size of a JSON body; `auto`: 16 MiB, or less as `MEMORY` allows'
  },
  BODY_MEMORY: {
    parse: parseAutoBytes,
    default: 'auto',
    means:
      'Memory for all large JSON bodies that are being received, `auto`: as `MEMORY` allows; beyond it requests are answered with 503'
  },
  MAX_CONNECTIONS: {
    parse: parseCount,
    default: '20000',
    means: 'Maximum number of connections; requests on further ones are answered with 503'
  },
  UPLOAD_LIMIT: {
    parse: parseBytes,
    default: '1GiB',
    means: 'Maximum size of a file: packages, attachments, thumbnails'
  },
  UPLOAD_SPACE: {
    parse: parseBytes,
    default: '8GiB',
    means:
      'Disk for all files that are being received, with what is unpacked of them; beyond it further ones are answered with 503'
  },
  DEFAULT_LIMIT: { parse: parseCount, default: '100', means: 'Page size when the client asks for none' },
  MAX_LIMIT: { parse: parseCount, default: '1000', means: 'Maximum page size' },
  QUERY_TIMEOUT: {
    parse: parseTimeout,
    default: '10s',
    means:
      'Time that a query, or a list of which access rules hide parts, may search for one page; the page then ends early, with a cursor to continue from'
  },
  REQUEST_TIMEOUT: { parse: parseTimeout, default: '5m', means: 'Time for a request to arrive completely' },
  DRAIN_TIMEOUT: {
    parse: parseTimeout,
    default: '10s',
    means: 'Time that running requests get when the hub stops'
  },
  CACHE_SIZE: {
    parse: parseAutoBytes,
    default: 'auto',
    means: 'Memory for the cache of the store; `auto`: as `MEMORY` allows'
  },
  EXPORT_THREADS: {
    parse: parseThreads,
    default: 'auto',
    means:
      'Threads for large exports: `auto`, a number, or `off`; with `off` the history is packed on the main thread, too'
  }
} as const satisfies Record<string, Setting<unknown>>
