/** Making a key, and giving it a new secret. */
import { useState } from 'preact/hooks'
import { type ApiKey, createKey, rotateKey, type ShownApiKey } from '../../../client/api/access.ts'
import { hub } from '../../core/hub.ts'
import { FormDialog } from '../../ui/dialog.tsx'
import { RoleChoice, withRoles } from './claims.tsx'
import { accessMessages } from './messages.ts'

interface KeyDialogProps {
  readonly onClose: () => void
  readonly onDone: (key: ShownApiKey) => void
}

export function NewKeyDialog({ onClose, onDone }: KeyDialogProps) {
  const text = accessMessages()
  const [name, setName] = useState('')
  const [roles, setRoles] = useState<readonly string[]>([])
  const [push, setPush] = useState('')
  const [read, setRead] = useState('')
  const [expires, setExpires] = useState('')
  const create = async () => {
    const [pushed, readable] = [lines(push), lines(read)]
    onDone(
      await createKey(hub(), {
        name,
        claims: withRoles({}, roles),
        ...(pushed.length > 0 && { push: pushed }),
        ...(readable.length > 0 && { read: readable }),
        // To the end of that day, where the reader is.
        ...(expires !== '' && { expires: new Date(`${expires}T23:59:59`).toISOString() })
      })
    )
  }
  return (
    <FormDialog
      title={text.newKey}
      action={text.create}
      isComplete={name !== '' && (roles.length > 0 || push !== '' || read !== '')}
      onClose={onClose}
      onSubmit={create}
    >
      <label class="field">
        <span>{text.name}</span>
        <input
          value={name}
          maxLength={200}
          autocomplete="off"
          required
          onInput={({ currentTarget }) => setName(currentTarget.value.trim())}
        />
        <span class="field-hint">{text.keyNameHint}</span>
      </label>
      <RoleChoice chosen={roles} onChange={setRoles} />
      <details class="access-scopes">
        <summary>{text.scopes}</summary>
        <IdentifierList label={text.push} value={push} onChange={setPush} />
        <IdentifierList label={text.read} value={read} onChange={setRead} />
      </details>
      <label class="field">
        <span>{text.expires}</span>
        <input
          type="date"
          value={expires}
          min={tomorrow()}
          onChange={({ currentTarget }) => setExpires(currentTarget.value)}
        />
        <span class="field-hint">{text.expiresHint}</span>
      </label>
    </FormDialog>
  )
}

interface IdentifierListProps {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
}

function IdentifierList({ label, value, onChange }: IdentifierListProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <textarea
        class="mono"
        rows={3}
        value={value}
        spellcheck={false}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
      <span class="field-hint">{accessMessages().idsHint}</span>
    </label>
  )
}

export function RotateDialog({ apiKey, onClose, onDone }: KeyDialogProps & { readonly apiKey: ApiKey }) {
  const text = accessMessages()
  const [grace, setGrace] = useState('PT1H')
  const choices = [
    ['PT0S', text.graceNone],
    ['PT1H', text.graceHour],
    ['P1D', text.graceDay],
    ['P7D', text.graceWeek]
  ]
  return (
    <FormDialog
      title={text.rotateOf(apiKey.name)}
      action={text.rotate}
      onClose={onClose}
      onSubmit={async () => onDone(await rotateKey(hub(), apiKey.id, grace))}
    >
      <p>{text.rotateHow}</p>
      <label class="field">
        <span>{text.graceFor}</span>
        <select value={grace} onChange={({ currentTarget }) => setGrace(currentTarget.value)}>
          {choices.map(([duration, words]) => (
            <option key={duration} value={duration}>
              {words}
            </option>
          ))}
        </select>
      </label>
    </FormDialog>
  )
}

function lines(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

function tomorrow(): string {
  const date = new Date(Date.now() + 86_400_000)
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 10)
}
