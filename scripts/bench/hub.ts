/** The shipped hub as a child process that reports its address to the parent. Settings default to the hub's own. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { readConfig } from '../../src/config/config.ts'
import { createServer } from '../../src/server.ts'

const { config } = readConfig({
  // One client asks as often as it can.
  REQUEST_RATE: 'off',
  ...JSON.parse(process.argv[3] ?? '{}'),
  DATA_DIR: process.argv[2],
  HOST: '127.0.0.1',
  PORT: '0'
})
const server = await createServer(config)
process.send?.({ url: await server.listen() })

/** Delays of the main thread, from the first time that they are asked for. */
let delays: ReturnType<typeof monitorEventLoopDelay> | undefined

process.on('message', (question) =>
  process.send?.(question === 'delays' ? takeDelays() : { rss: process.memoryUsage.rss() })
)
process.on('disconnect', () => void server.close().then(() => process.exit()))

/** Since they were taken last, in milliseconds. */
function takeDelays() {
  const since = { p999: (delays?.percentile(99.9) ?? 0) / 1e6, longest: (delays?.max ?? 0) / 1e6 }
  delays ??= monitorEventLoopDelay({ resolution: 1 })
  delays.enable()
  delays.reset()
  return since
}
