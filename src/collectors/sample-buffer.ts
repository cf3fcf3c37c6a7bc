/**
 * Holds samples on disk while the store refuses them, so that machines go on being read: the queue of the client library,
 * which sends them to the store once it takes them again. What is read meanwhile does not wait for them.
 */
import { readdirSync } from 'node:fs'
import type { Column, Sample } from '../client/client.ts'
import { BufferFullError, DiskBuffer } from '../client/disk-buffer.ts'
import type { Clock } from '../clock.ts'
import { formatTime } from '../model/time.ts'
import type { InterfaceDescription, Protocol } from '../operations/asset-interfaces/asset-interface.ts'
import type { CollectedSample } from './connector.ts'

export interface BufferSettings {
  readonly directory: string
  /** Bytes. */
  readonly limit: number
}

/** Of this hub: with the protocol and the address that it was read by. */
export interface HeldSample extends Sample {
  readonly protocol?: Protocol
  readonly base?: string
}

type HeldFrom = Pick<InterfaceDescription, 'protocol'> & Partial<Pick<InterfaceDescription, 'base'>>

export interface SampleBufferOptions extends BufferSettings {
  readonly clock: Clock
  /** Stores samples that were buffered; throws while they cannot be. */
  readonly store: (samples: readonly HeldSample[], key: string) => Promise<void>
  readonly dropped: (pushes: number) => void
  /** Something in this file cannot be read back. */
  readonly damaged: (file: string) => void
}

const FIRST_RETRY_DELAY_MS = 500
const MAX_RETRY_DELAY_MS = 10_000

export class SampleBuffer {
  readonly #options: SampleBufferOptions
  readonly #closing = new AbortController()
  #buffer: DiskBuffer | undefined

  constructor(options: SampleBufferOptions) {
    this.#options = options
    if (hasFiles(options.directory)) this.#open()
  }

  /** Bytes that wait. */
  get backlog(): number {
    return this.#buffer?.backlog ?? 0
  }

  /** @returns false where they cannot be held either */
  hold(samples: readonly CollectedSample[], { protocol, base }: HeldFrom): boolean {
    const from = { protocol, ...(base !== undefined && { base }) }
    try {
      this.#open().push(samplesFor(samples).map((sample) => ({ ...sample, ...from })))
      return true
    } catch (error) {
      // A full disk, too: then it cannot be helped.
      const { code } = error as NodeJS.ErrnoException
      if (error instanceof BufferFullError || code !== undefined) return false
      throw error
    }
  }

  close(): void {
    this.#closing.abort()
    this.#buffer?.close()
  }

  #open(): DiskBuffer {
    const { directory, limit, dropped, damaged } = this.#options
    const send = (samples: readonly (Sample | Column)[], key: string) =>
      this.#send(samples as readonly HeldSample[], key)
    this.#buffer ??= new DiskBuffer(send, { directory, limit, sync: true, onDropped: dropped, onDamaged: damaged })
    return this.#buffer
  }

  /** Tries again until the store takes them. @throws Error once it is closed; then they stay on disk */
  async #send(samples: readonly HeldSample[], key: string): Promise<void> {
    const { signal } = this.#closing
    let pause = FIRST_RETRY_DELAY_MS
    for (;;) {
      signal.throwIfAborted()
      try {
        return await this.#options.store(samples, key)
      } catch {
        await this.#options.clock.sleep(pause, signal)
        pause = Math.min(2 * pause, MAX_RETRY_DELAY_MS)
      }
    }
  }
}

/** In the form of the client library. A loss, which has no value, is `null`. */
export function samplesFor(samples: readonly CollectedSample[]): Sample[] {
  return samples.flatMap(({ item, value, time, quality }) =>
    item.sinks.map(({ submodel, path }) => ({
      ...{ submodel, path, time: formatTime(time), value: plainValue(value) },
      ...(quality !== undefined && { quality })
    }))
  )
}

/** For JSON: as text what a number would round. */
export function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  // Also literals in the sender's spelling, which are texts then.
  return typeof value === 'object' ? JSON.parse(JSON.stringify(value)) : (value ?? null)
}

function hasFiles(directory: string): boolean {
  try {
    return readdirSync(directory).length > 0
  } catch {
    return false
  }
}
