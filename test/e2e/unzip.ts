/** The files of an archive in memory, by name. */
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { fromBuffer, type ZipFile } from 'yauzl'

export async function unzip(bytes: Buffer): Promise<Map<string, Buffer>> {
  const zip = await new Promise<ZipFile>((resolve, reject) => {
    fromBuffer(bytes, { lazyEntries: false, autoClose: false }, (error, file) =>
      error ? reject(error) : resolve(file)
    )
  })
  const files = new Map<string, Promise<Buffer>>()
  zip.on('entry', (entry) => {
    const content = new Promise<Buffer>((resolve, reject) => {
      zip.openReadStream(entry, (error, stream) => (error ? reject(error) : resolve(buffer(stream))))
    })
    files.set(entry.fileName, content)
  })
  await once(zip, 'end')
  return new Map(await Promise.all([...files].map(async ([name, content]) => [name, await content] as const)))
}
