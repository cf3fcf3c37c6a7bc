/** What changed between two reports, the worst first. */
import type { ReportComparison } from '../../../client/api/compliance.ts'
import { formatNumber } from '../../core/format.ts'
import { language } from '../../core/language.ts'
import { TableScroll } from '../../ui/table-scroll.tsx'
import { complianceMessages } from './messages.ts'
import { VerdictBadge } from './verdict-badge.tsx'

export function Changes({ comparison: { checks, figures, unchanged } }: { readonly comparison: ReportComparison }) {
  const text = complianceMessages()
  return (
    <>
      <p class="muted">{text.unchanged(formatNumber(unchanged))}</p>
      <ul class="compliance-checks">
        {checks.map(({ id, change, from, to, text: said }) => (
          <li key={id}>
            <p class="compliance-check">
              <span class={`badge ${change === 'dropped' || change === 'gone' ? 'error' : 'good'}`}>
                {text[change]}
              </span>{' '}
              {from !== undefined && <VerdictBadge verdict={from} />} {from !== undefined && to !== undefined && '→'}{' '}
              {to !== undefined && <VerdictBadge verdict={to} />} <span>{said[language.value]}</span>{' '}
              <code class="muted">{id}</code>
            </p>
          </li>
        ))}
      </ul>
      {figures.length > 0 && (
        <TableScroll label={text.figures}>
          <table class="table">
            <caption>{text.figures}</caption>
            <tbody>
              {figures.map(({ check, name, from, to, unit }) => (
                <tr key={`${check} ${name}`}>
                  <th scope="row">{name}</th>
                  <td class="number">{shown(from)}</td>
                  <td class="number">{shown(to)}</td>
                  <td>{unit}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
    </>
  )
}

function shown(value: number | string): string {
  return typeof value === 'number' ? formatNumber(value) : value
}
