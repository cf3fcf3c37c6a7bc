/** The verb that starts the hub. */
import { VERSION } from '../app/version.ts'
import type { Config, GivenSettings } from '../config/config.ts'
import type { CliVerb } from './verb.ts'

export const serve: CliVerb = {
  does: 'starts the hub; the default',
  usage: '[--flag value …]',
  settings: /^/,
  run: startHub
}

async function startHub(
  config: Config,
  _extra: ReadonlyMap<string, string>,
  _words: readonly string[],
  given: GivenSettings
): Promise<void> {
  const { createServer } = await import('../server.ts')
  const server = await createServer(config, { given })
  const { log } = server.app
  let stopping = false
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1)
    stopping = true
    log.info(`${signal}: finishing running requests; a second signal ends at once`)
    server.close().then(
      () => process.exit(0),
      (error) => fail(error)
    )
  }
  const fail = (error: unknown) => {
    log.fatal({ err: error }, 'Fatal error')
    process.exit(1)
  }
  process.on('SIGTERM', stop).on('SIGINT', stop)
  // After an uncaught error the state of the process is unknown. The store survives any end.
  process.on('uncaughtException', fail).on('unhandledRejection', fail)

  let url: string
  try {
    url = await server.listen()
  } catch (error) {
    await server.close()
    throw error
  }
  if (process.stdout.isTTY) console.log(welcome(url, config))
}

function welcome(url: string, { API_PREFIX }: Config): string {
  return `
  AAS Hub ${VERSION}: ${url}

  ${url}/docs            API documentation, to read and to try
  ${url}${API_PREFIX}/shells    Asset Administration Shells
`
}
