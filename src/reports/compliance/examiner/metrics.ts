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

  /** The sum of all series whose labels match these patterns as a whole, as `=~` of PromQL. */
  sumMatching(name: string, labels: Readonly<Record<string, string>>): number {
    const patterns = Object.entries(labels).map(([label, pattern]) => [label, new RegExp(`^(?:${pattern})$`)] as const)
    return this.all(name)
      .filter((one) => patterns.every(([label, pattern]) => pattern.test(one.labels[label] ?? '')))
      .reduce((sum, { value }) => sum + value, 0)
  }
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{([^}]*)\})? (\S+)$/gm
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g
