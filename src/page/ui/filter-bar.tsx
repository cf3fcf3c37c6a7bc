/** Filters of a list. They are in the address, so that a filtered list can be sent to others. */
import type { ComponentChildren } from 'preact'
import { useTyped } from '../core/use-typed.ts'

export function FilterBar({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    <search>
      <form class="filter-bar" aria-label={label} onSubmit={(event) => event.preventDefault()}>
        {children}
      </form>
    </search>
  )
}

export interface ChoiceFilterProps {
  readonly label: string
  /** '' for all. */
  readonly value: string
  readonly all: string
  readonly choices: readonly (readonly [value: string, text: string])[]
  readonly onChange: (value: string) => void
}

export function ChoiceFilter({ label, value, all, choices, onChange }: ChoiceFilterProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
        <option value="">{all}</option>
        {choices.map(([choice, text]) => (
          <option key={choice} value={choice}>
            {text}
          </option>
        ))}
      </select>
    </label>
  )
}

export interface TextFilterProps {
  readonly label: string
  readonly value: string
  readonly hint?: string
  /** Called when the reader pauses. */
  readonly onChange: (value: string) => void
}

export function TextFilter({ label, value, hint, onChange }: TextFilterProps) {
  const { typed, setTyped } = useTyped(value, onChange)
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="search"
        placeholder={hint ?? ''}
        value={typed}
        onInput={({ currentTarget }) => setTyped(currentTarget.value)}
      />
    </label>
  )
}

export interface TimeFilterProps {
  readonly label: string
  /** ISO 8601, or ''. */
  readonly value: string
  readonly onChange: (value: string) => void
}

/** A moment in the time zone of the reader. */
export function TimeFilter({ label, value, onChange }: TimeFilterProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="datetime-local"
        value={localTime(value)}
        onChange={({ currentTarget }) =>
          onChange(currentTarget.value === '' ? '' : new Date(currentTarget.value).toISOString())
        }
      />
    </label>
  )
}

function localTime(iso: string): string {
  const time = new Date(iso)
  if (Number.isNaN(time.getTime())) return ''
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}
