/** Changes a value where it is shown; what is typed is checked at once. */
import type { ComponentChildren } from 'preact'
import { useEffect, useId, useState } from 'preact/hooks'
import type { Element, LangString } from '../../../../client/api/aas.ts'
import { writeValue } from '../../../../client/api/elements.ts'
import { hub } from '../../../core/hub.ts'
import { Failure } from '../../../ui/failure.tsx'
import { useElements } from './context.ts'
import { elementMessages } from './messages.ts'
import { TypedInput } from './typed-input.tsx'
import type { ValueValidator } from './validator.ts'

const EDITABLE: ReadonlySet<string> = new Set(['Property', 'Range', 'MultiLanguageProperty'])

export function isEditable({ modelType }: Element): boolean {
  return EDITABLE.has(modelType)
}

export interface ValueEditorProps {
  readonly element: Element
  readonly path: string
  readonly name: string
  readonly onDone: () => void
}

export function ValueEditor(props: ValueEditorProps) {
  switch (props.element.modelType) {
    case 'Range':
      return <RangeEditor {...props} />
    case 'MultiLanguageProperty':
      return <TextsEditor {...props} />
    default:
      return <PropertyEditor {...props} />
  }
}

function PropertyEditor({ element, path, name, onDone }: ValueEditorProps) {
  const initial = typeof element.value === 'string' ? element.value : ''
  const { valueType } = element
  const [typed, setTyped] = useState(initial)
  const validator = useValidator(path, valueType)
  const value = valueType === 'xs:boolean' ? ['true', '1'].includes(typed) : typed
  const problem = validator?.problemOf(value)
  const problemId = useId()
  return (
    <EditorForm path={path} value={value} problem={problem} problemId={problemId} onDone={onDone}>
      <TypedInput
        {...{ label: name, valueType, initial, choices: validator?.choices, onInput: setTyped }}
        problemId={problem === undefined ? undefined : problemId}
      />
    </EditorForm>
  )
}

function RangeEditor({ element, path, name, onDone }: ValueEditorProps) {
  const text = elementMessages()
  const { valueType } = element
  const [min, setMin] = useState(element.min ?? '')
  const [max, setMax] = useState(element.max ?? '')
  const validator = useValidator(path, valueType)
  const value = { ...(min !== '' && { min }), ...(max !== '' && { max }) }
  const ends = [min, max].filter((end) => end !== '')
  const problem = ends.map((end) => validator?.problemOf(end)).find((one) => one !== undefined)
  const problemId = useId()
  return (
    <EditorForm path={path} value={value} problem={problem} problemId={problemId} onDone={onDone}>
      <TypedInput label={`${name}, ${text.min}`} valueType={valueType} initial={min} onInput={setMin} />
      <TypedInput label={`${name}, ${text.max}`} valueType={valueType} initial={max} onInput={setMax} />
    </EditorForm>
  )
}

function TextsEditor({ element, path, name, onDone }: ValueEditorProps) {
  const text = elementMessages()
  const [texts, setTexts] = useState<readonly LangString[]>((element.value as readonly LangString[] | undefined) ?? [])
  const change = (at: number, changed: Partial<LangString>) =>
    setTexts(texts.map((entry, index) => (index === at ? { ...entry, ...changed } : entry)))
  const value = texts.map((entry) => ({ [entry.language]: entry.text }))
  return (
    <EditorForm path={path} value={value} problem={undefined} problemId="" onDone={onDone}>
      {texts.map((entry, index) => (
        <div class="text-entry" key={index}>
          <input
            aria-label={text.language}
            size={4}
            maxLength={20}
            value={entry.language}
            onInput={({ currentTarget }) => change(index, { language: currentTarget.value })}
          />
          <input
            aria-label={`${name}, ${text.text}`}
            value={entry.text}
            onInput={({ currentTarget }) => change(index, { text: currentTarget.value })}
          />
          <button
            type="button"
            class="button small"
            onClick={() => setTexts(texts.filter((_, other) => other !== index))}
          >
            {text.remove}
          </button>
        </div>
      ))}
      <button type="button" class="button small" onClick={() => setTexts([...texts, { language: '', text: '' }])}>
        {text.addLanguage}
      </button>
    </EditorForm>
  )
}

interface EditorFormProps {
  readonly path: string
  /** ValueOnly. */
  readonly value: unknown
  readonly problem: string | undefined
  readonly problemId: string
  readonly onDone: () => void
  readonly children: ComponentChildren
}

function EditorForm({ path, value, problem, problemId, onDone, children }: EditorFormProps) {
  const text = elementMessages()
  const { submodel } = useElements()
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const save = async () => {
    setBusy(true)
    setError(undefined)
    try {
      await writeValue(hub(), submodel, path, value)
      onDone()
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }
  return (
    <form
      class="editor"
      onSubmit={(event) => {
        event.preventDefault()
        if (problem === undefined) void save()
      }}
      onKeyDown={({ key }) => {
        if (key === 'Escape') onDone()
      }}
    >
      {children}
      <span class="row">
        <button type="submit" class="button primary small" disabled={isBusy || problem !== undefined}>
          {text.save}
        </button>
        <button type="button" class="button small" onClick={onDone}>
          {text.cancel}
        </button>
      </span>
      <p class="field-error" id={problemId} role="status">
        {problem}
      </p>
      {error !== undefined && <Failure error={error} />}
    </form>
  )
}

/** Its code and the schema are loaded when something is edited. */
function useValidator(path: string, valueType: string | undefined): ValueValidator | undefined {
  const { submodel } = useElements()
  const [validator, setValidator] = useState<ValueValidator>()
  useEffect(() => {
    let isWanted = true
    void import('./validator.ts')
      .then(({ openValidator }) => openValidator(submodel, path, valueType))
      .then((opened) => {
        if (isWanted) setValidator(opened)
      })
    return () => {
      isWanted = false
    }
  }, [submodel, path, valueType])
  return validator
}
