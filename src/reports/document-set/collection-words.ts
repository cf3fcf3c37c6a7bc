/** Collection of samples in words. */
import type { SampleTransport } from '../../model/collection/sample-source.ts'
import type { ReportLanguage } from '../../operations/report-language.ts'

const METHODS: Readonly<Record<string, Readonly<Record<ReportLanguage, string>>>> = {
  automatic: { en: 'automatic', ko: '자동' },
  'semi-automatic': { en: 'semi-automatic', ko: '반자동' },
  manual: { en: 'manual', ko: '수동' }
}

export function methodText(method: string, language: ReportLanguage): string {
  return METHODS[method]?.[language] ?? method
}

/** `1 s`, `250 ms`, `15 min` */
export function periodText(ms: number): string {
  if (ms < 1000) return `${round(ms)} ms`
  return ms < 60_000 ? `${round(ms / 1000)} s` : `${round(ms / 60_000)} min`
}

function round(value: number): number {
  return Number(value.toPrecision(4))
}

export const transportNames: Readonly<Record<SampleTransport, string>> = {
  http: 'REST (HTTP)',
  'line-protocol': 'Line protocol (HTTP)',
  websocket: 'WebSocket',
  mqtt: 'MQTT',
  'time-series-record': 'IDTA 02008 Record',
  'http-client': 'REST (HTTP) client',
  modbus: 'Modbus TCP',
  opcua: 'OPC UA'
}
