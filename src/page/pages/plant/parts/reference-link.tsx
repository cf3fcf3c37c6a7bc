/** A reference as a link: to a shell, submodel or element of this hub, or to a page of the web. */
import type { Key, Reference } from '../../../../client/api/aas.ts'
import { linkToSelection, type PlantSelection } from './address.ts'
import { stepsOf } from './element-tree.ts'
import { partMessages } from './messages.ts'
import { nameOf, shellNames, submodelSummaries } from './names.ts'

export function ReferenceLink({ reference }: { readonly reference: Reference | undefined }) {
  if (reference === undefined) return <span class="muted">–</span>
  const keys = reference.keys.map(({ value }) => value).join(' › ')
  const target = reference.type === 'ModelReference' ? targetOf(reference.keys) : undefined
  return target === undefined ? <WebLink text={keys} /> : <TargetLink target={target} keys={keys} />
}

/** By the name of the target, where this hub has it; the keys are shown when it is pointed at. */
function TargetLink({ target, keys }: { readonly target: PlantSelection; readonly keys: string }) {
  const { shell, submodel, path } = target
  const [ofShell, ofSubmodel] = [
    shell === undefined ? undefined : shellNames.get(shell),
    submodel === undefined ? undefined : submodelSummaries.get(submodel)
  ]
  if (ofShell === null || ofSubmodel === null) {
    return (
      <span>
        {keys} <span class="muted">({partMessages().notHere})</span>
      </span>
    )
  }
  const names = [
    shell !== undefined && nameOf(ofShell, shell),
    submodel !== undefined && nameOf(ofSubmodel, submodel),
    ...stepsOf(path ?? '').map((step) => (typeof step === 'number' ? `[${step}]` : step))
  ].filter((name) => name !== false)
  return (
    <a href={linkToSelection(target)} title={keys}>
      {names.join(' › ')}
    </a>
  )
}

/** A text, as a link where it is an address of the web. */
export function WebLink({ text }: { readonly text: string }) {
  if (!/^https?:\/\/\S+$/.test(text)) return <span>{text}</span>
  return (
    <a href={text} target="_blank" rel="noreferrer noopener">
      {text}
    </a>
  )
}

function targetOf(keys: readonly Key[]): PlantSelection | undefined {
  const [first, ...rest] = keys
  if (first?.type === 'AssetAdministrationShell') {
    const submodel = rest.find(({ type }) => type === 'Submodel')?.value
    return { shell: first.value, submodel }
  }
  if (first?.type !== 'Submodel') return undefined
  // Items of lists are named by their index.
  const path = rest.map(({ value }, index) => (/^\d+$/.test(value) ? `[${value}]` : index === 0 ? value : `.${value}`))
  return { submodel: first.value, path: path.join('') }
}
