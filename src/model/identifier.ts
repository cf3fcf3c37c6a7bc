/** An identifier as path parameter: base64url of its UTF-8, without padding (Part 2, "Encoding"). */
export function encodeId(id: string): string {
  return Buffer.from(id).toString('base64url')
}
