/** The expected history of a series, in the plainest way: all that was sent, downsampled from scratch for each question. */

export type Type =
  | 'xs:int'
  | 'xs:long'
  | 'xs:unsignedLong'
  | 'xs:double'
  | 'xs:float'
  | 'xs:decimal'
  | 'xs:boolean'
  | 'xs:string'
  | 'xs:date'
  | 'xs:dateTime'

/** The elements by idShort, each with the value types that it takes one after the other, again and again. */
export const series = {
  int: ['xs:int', 'xs:long'],
  long: ['xs:long'],
  unsignedLong: ['xs:unsignedLong'],
  double: ['xs:double'],
  float: ['xs:float'],
  decimal: ['xs:decimal'],
  boolean: ['xs:boolean'],
  string: ['xs:string'],
  date: ['xs:date'],
  dateTime: ['xs:dateTime'],
  intOrString: ['xs:int', 'xs:string'],
  stringOrDouble: ['xs:string', 'xs:double'],
  booleanOrString: ['xs:boolean', 'xs:string']
} as const satisfies Record<string, readonly Type[]>

export type Name = keyof typeof series

export const names = Object.keys(series) as Name[]

export type Quality = 'good' | 'uncertain' | 'bad'

export interface Sample {
  readonly time: number
  readonly text: string
  readonly quality?: Quality | undefined
  /** For one that was downsampled before the type changed: the time of the last sample it stands for, and the numbers that counted. */
  readonly end?: number
  readonly numbers?: readonly string[]
}

export interface Figures {
  readonly count: number
  readonly min: Figure
  readonly max: Figure
  readonly sum: Figure
  readonly mean: number
  readonly first?: Figure
  readonly last?: Figure
}

export type Figure = number | bigint

export const WHOLE: ReadonlySet<Type> = new Set(['xs:int', 'xs:long', 'xs:unsignedLong'])
export const NUMERIC: ReadonlySet<Type> = new Set([...WHOLE, 'xs:double', 'xs:float', 'xs:decimal'])

export class Series {
  readonly #types: readonly Type[]
  #typeIndex = 0
  /** By time; those in `#downsampled` were downsampled, those in `#fresh` are as they were sent. */
  #downsampled = new Map<number, Sample>()
  #fresh = new Map<number, Sample>()
  readonly #taken = new Set<number>()
  #width = 1

  constructor(types: readonly Type[]) {
    this.#types = types
  }

  get type(): Type {
    return this.#types[this.#typeIndex] as Type
  }

  /** Samples are sent with a text for each type: this is the place of the present one. */
  get typeIndex(): number {
    return this.#typeIndex
  }

  /** What was downsampled under one type stays as it is under the next. */
  retype(): void {
    if (this.#types.length === 1) return
    const isAlike = this.#types.every((type) => NUMERIC.has(type))
    if (!isAlike) {
      const frozen = [...groups([...this.#downsampled.values()], this.#width).values()].map((all) =>
        frozenOne(all, this.type)
      )
      this.#downsampled = new Map(frozen.map((sample) => [sample.time, sample]))
    }
    this.#typeIndex = (this.#typeIndex + 1) % this.#types.length
  }

  /** A sample of this time was downsampled, so its time no longer identifies it. */
  isTaken(time: number): boolean {
    return this.#taken.has(time)
  }

  put(sample: Sample): void {
    this.#fresh.set(sample.time, sample)
  }

  downsample(width: number): void {
    const { type } = this
    const known = [...this.#downsampled.values()].map((sample) => (NUMERIC.has(type) ? withMean(sample, type) : sample))
    this.#downsampled = new Map([...known, ...this.#fresh.values()].map((sample) => [sample.time, sample]))
    for (const time of this.#fresh.keys()) this.#taken.add(time)
    this.#fresh.clear()
    this.#width = width
  }

  /** What every endpoint must return. */
  shown(): Sample[] {
    const buckets = groups([...this.#downsampled.values()], this.#width)
    return sorted([...[...buckets.values()].map((all) => downsampledOne(all, this.type)), ...this.#fresh.values()])
  }

  /** Forgets what is older, as far as it is not shown any more. */
  drop(shown: ReadonlySet<number>): void {
    for (const all of groups([...this.#downsampled.values()], this.#width).values()) {
      if (!shown.has(all[0]?.time ?? 0)) for (const { time } of all) this.#downsampled.delete(time)
    }
    for (const time of this.#fresh.keys()) if (!shown.has(time)) this.#fresh.delete(time)
  }

  /** By the start of the bucket; those that hold no number are not there. */
  figures(width: number): Map<number, Figures> {
    const found = new Map<number, Figures>()
    for (const [start, all] of groups([...this.#downsampled.values(), ...this.#fresh.values()], width)) {
      const numbers = all.flatMap(numbersOf).map(figureOf)
      if (numbers.length === 0) continue
      const sum = total(numbers, this.type)
      const ascending = numbers.toSorted((a, b) => (a < b ? -1 : 1))
      // Between samples that are one already the order is not known, nor which of them a late one follows.
      const isOrdered = all.every((one) => one.numbers === undefined && counts(one) && !this.#isLate(one.time))
      found.set(start, {
        count: numbers.length,
        min: ascending[0] as Figure,
        max: ascending.at(-1) as Figure,
        sum,
        mean: Number(sum) / numbers.length,
        ...(isOrdered && { first: numbers[0] as Figure, last: numbers.at(-1) as Figure })
      })
    }
    return found
  }

  #isLate(time: number): boolean {
    return this.#fresh.has(time) && groups([...this.#downsampled.values()], this.#width).has(startOf(time, this.#width))
  }
}

/** One for a bucket. */
function downsampledOne(all: readonly Sample[], type: Type): Sample {
  const [first] = all
  if (first === undefined || all.length === 1) return first as Sample
  const sound = all.filter(({ quality }) => quality !== 'bad')
  const counted = sound.filter((sample) => numbersOf(sample).length > 0)
  if (!NUMERIC.has(type) || counted.length === 0) return { ...last(sound.length > 0 ? sound : all), time: first.time }
  return { time: first.time, text: mean(counted.flatMap(numbersOf), type), quality: worst(counted) }
}

/** The same, with what is needed to go on from it when the type has changed. */
function frozenOne(all: readonly Sample[], type: Type): Sample {
  const [first] = all
  if (first === undefined || all.length === 1) return first as Sample
  const sound = all.filter(({ quality }) => quality !== 'bad')
  const counted = NUMERIC.has(type) ? sound.filter((sample) => numbersOf(sample).length > 0) : []
  const end = endOf(last([counted, sound, all].find((some) => some.length > 0) as Sample[]))
  const shown = downsampledOne(all, type)
  return end > first.time ? { ...shown, end, numbers: sound.flatMap(numbersOf) } : shown
}

function withMean(sample: Sample, type: Type): Sample {
  const { numbers = [] } = sample
  return numbers.length === 0 ? sample : { ...sample, text: mean(numbers, type) }
}

function last(samples: readonly Sample[]): Sample {
  return samples.reduce((one, other) => (endOf(other) >= endOf(one) ? other : one))
}

function endOf({ time, end = time }: Sample): number {
  return end
}

function mean(numbers: readonly string[], type: Type): string {
  if (!WHOLE.has(type) || !numbers.every((text) => /^-?\d+$/.test(text))) {
    return textOf(numbers.reduce((sum, text) => sum + Number(figureOf(text)), 0) / numbers.length)
  }
  const sum = numbers.reduce((sum, text) => sum + BigInt(text), 0n)
  const count = BigInt(numbers.length)
  const whole = sum / count
  if (Number.isSafeInteger(Number(whole))) return String(Number(whole) + Number(sum % count) / numbers.length)
  const rest = sum % count
  const isUp = (rest < 0n ? -rest : rest) * 2n >= count
  return String(isUp ? whole + (sum < 0n ? -1n : 1n) : whole)
}

function worst(samples: readonly Sample[]): Quality | undefined {
  const order = [undefined, 'good', 'uncertain', 'bad'] as const
  return order[Math.max(...samples.map(({ quality }) => order.indexOf(quality)))]
}

/** What a sample counts as in aggregates and means. */
function numbersOf(sample: Sample): readonly string[] {
  if (sample.numbers !== undefined && sample.numbers.length > 0) return sample.numbers
  return counts(sample) ? [sample.text] : []
}

function counts({ text, quality }: Sample): boolean {
  return quality !== 'bad' && /^(true|false|-?INF|[+-]?[\d.]+([eE][+-]?\d+)?)$/.test(text)
}

/** Texts of numbers are compared by their value, not by their spelling. */
export function textOf(value: unknown): string {
  if (value === Number.POSITIVE_INFINITY) return 'INF'
  if (value === Number.NEGATIVE_INFINITY) return '-INF'
  const text = String(value)
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return text
  return /^-?[1-9]\d{15,}$/.test(text) ? text : String(Number(text))
}

function figureOf(text: string): Figure {
  if (text === 'true' || text === 'false') return Number(text === 'true')
  if (text.endsWith('INF')) return text === 'INF' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
  return /^[+-]?\d+$/.test(text) && !Number.isSafeInteger(Number(text)) ? BigInt(text) : Number(text)
}

function total(numbers: readonly Figure[], type: Type): Figure {
  if (!WHOLE.has(type) || !numbers.every((one) => typeof one === 'bigint' || Number.isInteger(one))) {
    return numbers.reduce<number>((sum, one) => sum + Number(one), 0)
  }
  const sum = numbers.reduce<bigint>((sum, one) => sum + BigInt(one), 0n)
  return Number.isSafeInteger(Number(sum)) ? Number(sum) : sum
}

function groups(samples: readonly Sample[], width: number): Map<number, Sample[]> {
  return Map.groupBy(sorted(samples), ({ time }) => startOf(time, width))
}

function startOf(time: number, width: number): number {
  return Math.floor(time / width) * width
}

function sorted(samples: readonly Sample[]): Sample[] {
  return samples.toSorted((a, b) => a.time - b.time)
}
