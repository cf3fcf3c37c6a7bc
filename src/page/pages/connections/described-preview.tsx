/** Submodels that describe a machine, before they are stored: which ones, and what is read from where. */
import type { DescribedElement, DescribedEnvironment } from '../../../client/api/machines.ts'
import { formatNumber } from '../../core/format.ts'
import { TableScroll } from '../../ui/table-scroll.tsx'
import { machineMessages } from './machine-messages.ts'

const MAX_ROWS = 100

interface Described {
  readonly name: string
  readonly type: string
  readonly source: string
}

export function DescribedPreview({ environment: { submodels = [] } }: { readonly environment: DescribedEnvironment }) {
  const text = machineMessages()
  const all = submodels.flatMap(({ submodelElements = [] }) => submodelElements.flatMap(describedIn))
  return (
    <details class="described">
      <summary>{text.willStore}</summary>
      <ul>
        {submodels.map(({ id, idShort }) => (
          <li key={id}>
            {idShort} <span class="mono">{id}</span>
          </li>
        ))}
      </ul>
      <TableScroll label={text.element}>
        <table class="table">
          <thead>
            <tr>
              <th scope="col">{text.element}</th>
              <th scope="col">{text.type}</th>
              <th scope="col">{text.source}</th>
            </tr>
          </thead>
          <tbody>
            {all.slice(0, MAX_ROWS).map(({ name, type, source }) => (
              <tr key={`${name} ${source}`}>
                <th scope="row">{name}</th>
                <td>{type}</td>
                <td class="mono">{source}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
      {all.length > MAX_ROWS && <p>{text.firstOf(formatNumber(MAX_ROWS), formatNumber(all.length))}</p>}
    </details>
  )
}

/** The properties of an interface, each with its form. */
function describedIn(element: DescribedElement): Described[] {
  const properties = membersOf(memberOf(memberOf(element, 'InteractionMetadata'), 'properties'))
  return properties.map((property) => {
    const form = memberOf(property, 'forms')
    const table = textOf(form, 'modv_entity')
    return {
      name: property.idShort ?? '',
      type: textOf(form, 'modv_type') || textOf(property, 'type'),
      source: `${textOf(form, 'href')}${table === '' ? '' : ` ${table}`}`
    }
  })
}

function membersOf(element: DescribedElement | undefined): readonly DescribedElement[] {
  return Array.isArray(element?.value) ? (element.value as readonly DescribedElement[]) : []
}

function memberOf(element: DescribedElement | undefined, idShort: string): DescribedElement | undefined {
  return membersOf(element).find((one) => one.idShort === idShort)
}

function textOf(element: DescribedElement | undefined, idShort: string): string {
  const value = memberOf(element, idShort)?.value
  return typeof value === 'string' ? value : ''
}
