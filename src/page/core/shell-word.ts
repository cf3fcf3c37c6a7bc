/** A path as a command line takes it for one word: on Windows as its shells do, elsewhere as POSIX shells do. */
export function shellWord(path: string): string {
  const isWindows = /^[A-Za-z]:|^\\\\/.test(path)
  if (isWindows) return /^[\w.:/\\-]+$/.test(path) ? path : `"${path}"`
  // Within single quotes nothing means anything but the quote itself.
  return /^[\w./:@+-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
}
