/** The shipped hub as a child process that reports its address to the parent. Settings default to the hub's own. */
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

process.on('message', () => process.send?.({ rss: process.memoryUsage.rss() }))
process.on('disconnect', () => void server.close().then(() => process.exit()))
