/** A text to search for while it is typed, or a query in AASQL. */
import { SEARCHED } from '../../../../client/api/search.ts'
import { useTyped } from '../../../core/use-typed.ts'
import { Icon } from '../../../ui/icon.tsx'
import { changeList } from '../parts/address.ts'
import { treeMessages } from './messages.ts'

const EXAMPLE = '{"$gt": [{"$field": "$sme.CycleTime#value"}, {"$numVal": 10}]}'

export function SearchForm({ text: searched, by }: { readonly text: string; readonly by: string }) {
  const text = treeMessages()
  const isQuery = by === 'aasql'
  const { typed, setTyped, send } = useTyped(searched, (q) => changeList({ q }), isQuery)
  return (
    <search>
      <form
        class="plant-search"
        onSubmit={(event) => {
          event.preventDefault()
          send()
        }}
      >
        <div class="plant-search-line">
          <Icon name="search" />
          {isQuery ? (
            <span class="spacer">{text.aasql}</span>
          ) : (
            <input
              type="search"
              aria-label={text.search}
              placeholder={text.searchHint}
              value={typed}
              onInput={({ currentTarget }) => setTyped(currentTarget.value)}
            />
          )}
          <select
            aria-label={text.searchBy}
            value={by}
            onChange={({ currentTarget }) => {
              const next = currentTarget.value
              changeList({ by: next, ...((next === 'aasql') !== isQuery && { q: '' }) })
            }}
          >
            {(['any', ...SEARCHED, 'aasql'] as const).map((one) => (
              <option key={one} value={one}>
                {text[one]}
              </option>
            ))}
          </select>
        </div>
        {isQuery && <QueryFields typed={typed} onInput={setTyped} />}
      </form>
    </search>
  )
}

interface QueryFieldsProps {
  readonly typed: string
  readonly onInput: (text: string) => void
}

function QueryFields({ typed, onInput }: QueryFieldsProps) {
  const text = treeMessages()
  return (
    <>
      <p class="field-hint">
        {text.aasqlHint} <code>{EXAMPLE}</code>
      </p>
      <textarea
        aria-label={text.aasql}
        class="mono"
        spellcheck={false}
        value={typed}
        onInput={({ currentTarget }) => onInput(currentTarget.value)}
      />
      <div class="row">
        <button type="submit" class="button primary small">
          {text.run}
        </button>
        <button type="button" class="button small" onClick={() => changeList({ q: '', by: 'any' })}>
          {text.clear}
        </button>
      </div>
    </>
  )
}
