/** Bounds the disk that all files being received take together, with what is unpacked of them. */
import { type Readable, Transform } from 'node:stream'
import { HubError } from '../errors.ts'

export class UploadSpace {
  readonly #bytes: number
  #held = 0

  constructor(bytes: number) {
    this.#bytes = bytes
  }

  /** For one upload. */
  begin(): UploadShare {
    let own = 0
    return {
      add: (bytes) => {
        // A single upload is bounded by the limits of files and packages.
        if (this.#held > own && this.#held + bytes > this.#bytes) {
          throw new HubError('Unavailable', ['Too many files are being received at once; try again in a moment'])
        }
        this.#held += bytes
        own += bytes
      },
      release: () => {
        this.#held -= own
        own = 0
      }
    }
  }
}

/** The disk that one upload takes. */
export interface UploadShare {
  /** To be called before bytes are written. @throws HubError `Unavailable` */
  add(bytes: number): void
  /** To be called when it has ended; its temporary files are gone by then. */
  release(): void
}

/** Passes bytes on, and counts them; fails as the source does, and as {@link UploadShare.add}. */
export function counted(source: Readable, share: UploadShare): Readable {
  const bytes = new Transform({
    transform(part: Buffer, _encoding, done) {
      try {
        share.add(part.length)
      } catch (error) {
        return done(error as Error)
      }
      done(null, part)
    }
  })
  // Without a listener, an error before the bytes are read would end the process.
  bytes.on('error', () => {})
  source.on('error', (error) => bytes.destroy(error))
  bytes.on('close', () => source.destroy())
  return source.pipe(bytes)
}
