import { buffer } from 'node:stream/consumers'
import { SaxesParser } from 'saxes'
import { fromBufferPromise } from 'yauzl'

/** The parts of a ZIP archive by name; each that ends with .xml or .rels must be well-formed. */
export async function partsOf(bytes: Buffer): Promise<Map<string, Buffer>> {
  const zip = await fromBufferPromise(bytes)
  const parts = new Map<string, Buffer>()
  for await (const entry of zip.eachEntry()) {
    const content = await buffer(await zip.openReadStreamPromise(entry))
    if (/\.(?:xml|rels)$/.test(entry.fileName)) new SaxesParser({ xmlns: true }).write(content.toString()).close()
    parts.set(entry.fileName, content)
  }
  return parts
}
