/** Sizes as they are written in settings. */

const BYTES_PER_UNIT = {
  '': 1,
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12
}

/** @returns bytes. @throws Error that names what was expected */
export function parseBytes(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,9})\s*([a-zA-Z]*)$/.exec(text) ?? []
  const factor = Object.entries(BYTES_PER_UNIT).find(([name]) => name.toLowerCase() === unit.toLowerCase())?.[1]
  const bytes = Number(number) * (factor ?? Number.NaN)
  if (number === '' || !Number.isSafeInteger(bytes) || bytes < 1) throw new Error('a size such as 512KiB, 16MiB or 2GB')
  return bytes
}
