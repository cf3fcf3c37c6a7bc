/** A reference as a link: to a shell, submodel or element of this hub, or to a page of the web. */
import type { Key, Reference } from '../../../../client/api/aas.ts'
import { linkToSelection, type PlantSelection } from './address.ts'

export function ReferenceLink({ reference }: { readonly reference: Reference | undefined }) {
  if (reference === undefined) return <span class="muted">–</span>
  const label = reference.keys.map(({ value }) => value).join(' › ')
  const target = reference.type === 'ModelReference' ? targetOf(reference.keys) : undefined
  if (target !== undefined) return <a href={linkToSelection(target)}>{label}</a>
  return <WebLink text={label} />
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
