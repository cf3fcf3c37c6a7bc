/** The hub as it is shipped, with all defaults but port and folders, as a child process that tells its parent where it listens. */
import { readConfig } from '../../src/config.ts'
import { createServer } from '../../src/server.ts'

const { config } = readConfig({
  DATA_DIR: process.argv[2],
  MONGODB_URL: process.argv[3],
  SCHEMAS_DIR: process.argv[4],
  HOST: '127.0.0.1',
  PORT: '0'
})
const server = await createServer(config)
process.send?.({ url: await server.listen() })

process.on('message', () => process.send?.({ rss: process.memoryUsage.rss() }))
process.on('disconnect', () => void server.close().then(() => process.exit()))
