/** A field for a value of an XSD type. */
import { isNumeric } from '../../../core/format-value.ts'
import { elementMessages } from './messages.ts'

export interface TypedInputProps {
  readonly id?: string
  readonly name?: string
  readonly label?: string
  readonly valueType: string | undefined
  readonly initial: string
  /** Allowed values, where the schema lists them. */
  readonly choices?: readonly string[] | undefined
  readonly onInput?: (text: string) => void
  /** Id of what is wrong. */
  readonly problemId?: string | undefined
}

export function TypedInput({ id, name, label, valueType, initial, choices, onInput, problemId }: TypedInputProps) {
  const text = elementMessages()
  const common = {
    ...(id !== undefined && { id }),
    ...(name !== undefined && { name }),
    ...(label !== undefined && { 'aria-label': label }),
    ...(problemId !== undefined && { 'aria-invalid': true, 'aria-describedby': problemId })
  }
  const options =
    valueType === 'xs:boolean'
      ? [['true', text.yes] as const, ['false', text.no] as const]
      : choices?.map((choice) => [choice, choice] as const)
  if (options !== undefined) {
    const isKnown = options.some(([value]) => value === initial)
    return (
      <select {...common} defaultValue={initial} onChange={({ currentTarget }) => onInput?.(currentTarget.value)}>
        {!isKnown && <option value={initial}>{initial}</option>}
        {options.map(([value, shown]) => (
          <option key={value} value={value} selected={value === initial}>
            {shown}
          </option>
        ))}
      </select>
    )
  }
  return (
    <input
      {...common}
      type="text"
      autocomplete="off"
      {...(isNumeric(valueType) && { inputMode: 'decimal' })}
      defaultValue={initial}
      onInput={({ currentTarget }) => onInput?.(currentTarget.value)}
    />
  )
}
