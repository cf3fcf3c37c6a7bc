/** Reads the text format of Prometheus, as far as `/metrics` uses it. */

export interface MetricSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export class MetricSamples {
  readonly #samples: readonly MetricSample[]

  constructor(text: string) {
    this.#samples = [...text.matchAll(LINE)].map(([, name = '', labels = '', value]) => ({
      name,
      labels: Object.fromEntries([...labels.matchAll(LABEL)].map(([, label, of]) => [label, of])),
      value: Number(value)
    }))
  }

  /** Undefined where there is none. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    return this.all(name, labels)[0]?.value
  }

  all(name: string, labels: Readonly<Record<string, string>> = {}): readonly MetricSample[] {
    const wanted = Object.entries(labels)
    return this.#samples.filter((one) => one.name === name && wanted.every(([label, of]) => one.labels[label] === of))
  }

  /**
   * The sum of all series that a selector of PromQL names, e.g. `used{by="mqtt",day=~"2026-11-28|2026-11-29"}`; undefined
   * where there is none. Of `=~` it knows alternatives only, as a selector may come from a report of somebody else.
   */
  sumOf(selector: string): number | undefined {
    const [, name = '', labels = ''] = /^([\w:]+)(?:\{(.*)\})?$/s.exec(selector) ?? []
    const wanted = [...labels.matchAll(SELECTED)].map(([, label = '', operator, value = '']) => {
      return [label, operator === '=' ? [value] : value.split('|')] as const
    })
    const found = this.all(name).filter((one) => wanted.every(([label, of]) => of.includes(one.labels[label] ?? '')))
    return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0)
  }
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{([^}]*)\})? (\S+)$/gm
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g
const SELECTED = /(\w+)(=~?)"((?:[^"\\]|\\.)*)"/g
