/** Files that the reader keeps. */

/** The address is freed when the browser has surely begun to read it. */
const ADDRESS_LASTS_MS = 60_000

export function save(blob: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), ADDRESS_LASTS_MS)
}
