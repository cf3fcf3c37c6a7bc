/** Identifiers as they stand in a path: base64url of their UTF-8, without padding (Part 2, "Encoding"). */
export function encodeId(id: string): string {
  return Buffer.from(id).toString('base64url')
}
