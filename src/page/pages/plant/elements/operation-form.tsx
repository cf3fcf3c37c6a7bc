/** An operation as a form that runs. */
import { useId, useState } from 'preact/hooks'
import type { Element, LangString, OperationVariable } from '../../../../client/api/aas.ts'
import { type InvocationResult, invoke } from '../../../../client/api/elements.ts'
import { hub } from '../../../core/hub.ts'
import { Failure } from '../../../ui/failure.tsx'
import { Icon } from '../../../ui/icon.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { elementName } from '../parts/element-name.ts'
import { useElements } from './context.ts'
import { elementMessages } from './messages.ts'
import { TypedInput } from './typed-input.tsx'
import { MultiLanguageValue, PropertyValue } from './values.tsx'

export function OperationForm({ element, path }: { readonly element: Element; readonly path: string }) {
  const text = elementMessages()
  const { submodel } = useElements()
  const { inputVariables: inputs = [], inoutputVariables: inouts = [] } = element
  const [isRunning, setRunning] = useState(false)
  const [result, setResult] = useState<InvocationResult>()
  const [error, setError] = useState<unknown>()

  const run = async (form: FormData) => {
    setRunning(true)
    setResult(undefined)
    setError(undefined)
    try {
      const given = {
        inputArguments: inputs.map((variable, index) => filled(variable, form.get(`input-${index}`))),
        inoutputArguments: inouts.map((variable, index) => filled(variable, form.get(`inout-${index}`)))
      }
      setResult(await invoke(hub(), submodel, path, given))
    } catch (failure) {
      setError(failure)
    }
    setRunning(false)
  }

  return (
    <form
      class="operation"
      onSubmit={(event) => {
        event.preventDefault()
        void run(new FormData(event.currentTarget))
      }}
    >
      {inputs.length + inouts.length === 0 && <p class="muted">{text.noInputs}</p>}
      {inputs.map((variable, index) => (
        <VariableField key={variable.value.idShort} variable={variable} name={`input-${index}`} />
      ))}
      {inouts.map((variable, index) => (
        <VariableField key={variable.value.idShort} variable={variable} name={`inout-${index}`} />
      ))}
      <button type="submit" class="button primary" disabled={isRunning}>
        <Icon name="play" />
        {isRunning ? text.running : text.run}
      </button>
      <div role="status">{result !== undefined && <Result result={result} />}</div>
      {error !== undefined &&
        (error instanceof SyntaxError ? (
          <p class="field-error">{text.notJson(error.message)}</p>
        ) : (
          <Failure error={error} />
        ))}
    </form>
  )
}

function VariableField({ variable: { value }, name }: { readonly variable: OperationVariable; readonly name: string }) {
  const text = elementMessages()
  const isProperty = value.modelType === 'Property'
  const id = useId()
  return (
    <div class="field">
      <label class="field-label" for={id}>
        {elementName(value, '')} {value.valueType !== undefined && <code class="muted">{value.valueType}</code>}
      </label>
      {isProperty ? (
        <TypedInput id={id} name={name} valueType={value.valueType} initial={String(value.value ?? '')} />
      ) : (
        <>
          <textarea id={id} name={name} class="mono" spellcheck={false} defaultValue={JSON.stringify(value, null, 2)} />
          <span class="field-hint">{text.json}</span>
        </>
      )}
    </div>
  )
}

function Result({ result }: { readonly result: InvocationResult }) {
  const text = elementMessages()
  const isGood = result.success !== false && result.executionState !== 'Failed'
  const outputs = [...(result.outputArguments ?? []), ...(result.inoutputArguments ?? [])]
  return (
    <Notice kind={isGood ? 'success' : 'error'}>
      <p>{isGood ? text.succeeded : text.unsuccessful}</p>
      {result.messages?.map((message) => (
        <p key={message.text} lang="en">
          {message.text}
        </p>
      ))}
      {outputs.length > 0 && (
        <dl class="facts" aria-label={text.outputs}>
          {outputs.map(({ value }) => (
            <OutputRow key={value.idShort} value={value} />
          ))}
        </dl>
      )}
    </Notice>
  )
}

function OutputRow({ value }: { readonly value: Element }) {
  return (
    <>
      <dt>{elementName(value, '')}</dt>
      <dd>
        {value.modelType === 'Property' ? (
          <PropertyValue element={value} />
        ) : value.modelType === 'MultiLanguageProperty' ? (
          <MultiLanguageValue texts={value.value as readonly LangString[] | undefined} />
        ) : (
          <pre>{JSON.stringify(value, null, 2)}</pre>
        )}
      </dd>
    </>
  )
}

/** @throws SyntaxError where a variable is no property, and what was typed is no JSON */
function filled({ value }: OperationVariable, typed: unknown): { readonly value: Element } {
  const text = String(typed ?? '')
  if (value.modelType !== 'Property') return { value: JSON.parse(text) as Element }
  return { value: { ...value, value: text } }
}
