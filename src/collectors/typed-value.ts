/** A value that is stored as text, as the machine's type asks for. */
export function typedValue(value: unknown, type: string | undefined): unknown {
  if (typeof value !== 'string') return value
  if (type === 'boolean' && /^(?:true|false)$/.test(value)) return value === 'true'
  const isNumber = ['number', 'integer', 'float', 'double', 'int', 'long'].includes(type ?? '')
  return isNumber && value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : value
}
