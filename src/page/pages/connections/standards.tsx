/** Samples by format, and requests by what they are of: today, and in the last 31 days. */
import type { Metrics } from '../../../client/api/system.ts'
import { formatNumber } from '../../core/format.ts'
import { connectionMessages } from './messages.ts'

export function Standards({ metrics }: { readonly metrics: Metrics }) {
  const text = connectionMessages()
  const used = metrics.get('aas_hub_used') ?? []
  const today = new Date().toISOString().slice(0, 10)
  const totals = new Map<string, { readonly today: number; readonly all: number }>()
  for (const { labels, value } of used) {
    const { by = '', day } = labels
    const { today: before = 0, all = 0 } = totals.get(by) ?? {}
    totals.set(by, { today: before + (day === today ? value : 0), all: all + value })
  }
  return (
    <section class="card" aria-labelledby="standards">
      <h2 id="standards">{text.standards}</h2>
      {totals.size === 0 ? (
        <p class="muted">{text.nothingUsed}</p>
      ) : (
        <table class="table">
          <thead>
            <tr>
              <th scope="col">{text.standard}</th>
              <th scope="col" class="number">
                {text.today}
              </th>
              <th scope="col" class="number">
                {text.month}
              </th>
            </tr>
          </thead>
          <tbody>
            {[...totals].map(([by, counts]) => (
              <tr key={by}>
                <th scope="row">{by}</th>
                <td class="number">{formatNumber(counts.today)}</td>
                <td class="number">{formatNumber(counts.all)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}
