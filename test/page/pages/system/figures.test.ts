import t from 'tap'
import type { MetricSample, Metrics } from '../../../../src/client/api/system.ts'
import { growthOf } from '../../../../src/page/pages/system/figures.ts'

const NOON = Date.parse('2026-03-02T12:00:00Z') / 1000
const HOUR_S = 3600
const BYTES_PER_SAMPLE = 2

function metrics(uptimeHours: number, accepted: number, used: readonly MetricSample[] = []): Metrics {
  const plain = (value: number) => [{ labels: {}, value }]
  return new Map<string, readonly MetricSample[]>([
    ['aas_hub_history_samples', plain(1000)],
    ['aas_hub_history_bytes', plain(1000 * BYTES_PER_SAMPLE)],
    ['aas_hub_clock_seconds', plain(NOON)],
    ['process_start_time_seconds', plain(NOON - uptimeHours * HOUR_S)],
    ['aas_hub_samples_total', [{ labels: { verdict: 'accepted' }, value: accepted }]],
    ['aas_hub_used', used]
  ])
}

const used = (day: string, value: number, by = 'http') => ({ labels: { day, by }, value })

t.test(
  'the growth of the history is that of yesterday, or of the samples since the start if these are more',
  async (t) => {
    t.equal(growthOf(metrics(0.5, 100)), undefined, 'too early')
    t.equal(growthOf(metrics(2, 100)), 12 * 100 * BYTES_PER_SAMPLE)
    const yesterday = [used('2026-03-01', 5000), used('2026-03-01', 300, 'senml'), used('2026-03-01', 9999, 'webpage')]
    t.equal(growthOf(metrics(0.5, 100, yesterday)), 5300 * BYTES_PER_SAMPLE)
    t.equal(growthOf(metrics(2, 1000, yesterday)), 12_000 * BYTES_PER_SAMPLE)
  }
)

t.test('samples of today from before a restart are not taken for those since it', async (t) => {
  t.equal(growthOf(metrics(2, 100, [used('2026-03-02', 50_000)])), 12 * 100 * BYTES_PER_SAMPLE)
})
