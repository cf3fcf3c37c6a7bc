/** Rewrites request URLs before routing. */

/** `.0` and `.1` after the prefix address the same API (releases 3.0 and 3.1). */
const RELEASE = /^\.[01](?=$|[/?#])/

/** Maps other spellings of a URL (absolute form, release aliases, an encoded `$`) to the one that is routed. */
export function rewriteUrl(url: string, prefix: string): string {
  let path = url
  if (path.charCodeAt(0) !== 0x2f) path = path.replace(/^[a-z]+:\/\/[^/?#]*/i, '')
  if (path.startsWith(`${prefix}.`) && RELEASE.test(path.slice(prefix.length))) {
    path = prefix + path.slice(prefix.length + 2)
  }
  // Clients that escape every segment send `%24value`.
  return path.includes('%24') ? path.replaceAll('%24', '$') : path
}
