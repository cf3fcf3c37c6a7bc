/** A text to search for while it is typed, or a query in AASQL. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { SEARCHED } from '../../../../client/api/search.ts'
import { Icon } from '../../../ui/icon.tsx'
import { changeList } from '../parts/address.ts'
import { treeMessages } from './messages.ts'

const TYPING_PAUSE_MS = 300
const EXAMPLE = '{"$gt": [{"$field": "$sme.CycleTime#value"}, {"$numVal": 10}]}'

export function SearchForm({ text: searched, by }: { readonly text: string; readonly by: string }) {
  const text = treeMessages()
  const [typed, setTyped] = useState(searched)
  const isQuery = by === 'aasql'
  const sent = useRef(searched)
  const search = (text: string) => {
    sent.current = text
    changeList({ q: text })
  }
  useEffect(() => {
    // An address that is not what was typed here: of a link, or of the browser's history.
    if (searched !== sent.current) setTyped(searched)
    sent.current = searched
  }, [searched])
  useEffect(() => {
    if (isQuery || typed.trim() === searched) return
    const timer = setTimeout(() => search(typed.trim()), TYPING_PAUSE_MS)
    return () => clearTimeout(timer)
  }, [typed, searched, isQuery])
  return (
    <search>
      <form
        class="plant-search"
        onSubmit={(event) => {
          event.preventDefault()
          search(typed.trim())
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
