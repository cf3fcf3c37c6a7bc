/** Bugs that are put into the hub on purpose, to show that the simulation finds them. */
import type { Platform } from './platform.ts'
import type { SimPort } from './thread.ts'

export type Bug = keyof typeof bugs

/** @returns takes it out again */
export function injectBug(name: Bug, platform: Platform): () => void {
  return bugs[name](platform)
}

export const bugs = {
  /** Commits are acknowledged before they are synced. */
  'lost fsync': ({ bugs }: Platform) => {
    bugs.sql = (sql) => sql.replace('synchronous = FULL', 'synchronous = NORMAL')
    return () => {}
  },
  /** Now and then the writer gets a message a second time. */
  'doubled batch': ({ bugs }: Platform) => {
    bugs.main = (main) => (port, data) => main(repeating(port as never) as never, data)
    return () => {}
  }
} satisfies Record<string, (platform: Platform) => () => void>

const REPEATED_EVERY = 50

function repeating(port: SimPort): SimPort {
  let messages = 0
  const on = port.on.bind(port)
  port.on = (event, listener) =>
    on(event, (message: unknown) => {
      listener(message)
      if (++messages % REPEATED_EVERY !== 0 || message === 'close') return
      // Its answers are for a message that was never sent.
      const post = port.postMessage
      port.postMessage = () => {}
      listener(message)
      port.postMessage = post
    })
  return port
}
