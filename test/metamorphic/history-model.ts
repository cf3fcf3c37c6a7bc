/** What the history of a series should be, said in the plainest way: all that was sent, thinned anew for each question. */

export const types = [
  'xs:int',
  'xs:long',
  'xs:unsignedLong',
  'xs:double',
  'xs:decimal',
  'xs:boolean',
  'xs:string',
  'xs:dateTime'
] as const

export type Type = (typeof types)[number]

export type Quality = 'good' | 'uncertain' | 'bad'

export interface Sample {
  readonly time: number
  readonly text: string
  readonly quality?: Quality | undefined
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

const WHOLE: ReadonlySet<Type> = new Set(['xs:int', 'xs:long', 'xs:unsignedLong'])
const NUMERIC: ReadonlySet<Type> = new Set([...WHOLE, 'xs:double', 'xs:decimal'])

export class Series {
  type: Type
  /** As they came, by time; thinned as far as they are of the first. */
  #thinned = new Map<number, Sample>()
  #fresh = new Map<number, Sample>()
  #width = 1

  constructor(type: Type) {
    this.type = type
  }

  /** Which of the first is in the second one is not told apart by its time any more. */
  isTaken(time: number): boolean {
    return this.#thinned.has(time)
  }

  put(sample: Sample): void {
    this.#fresh.set(sample.time, sample)
  }

  thin(width: number): void {
    this.#thinned = new Map([...this.#thinned, ...this.#fresh])
    this.#fresh.clear()
    this.#width = width
  }

  /** What every door shows. */
  shown(): Sample[] {
    const buckets = groups([...this.#thinned.values()], this.#width)
    return sorted([...[...buckets.values()].map((all) => thinnedOne(all, this.type)), ...this.#fresh.values()])
  }

  /** Forgets what is older, as far as it is not shown any more. */
  drop(shown: ReadonlySet<number>): void {
    for (const all of groups([...this.#thinned.values()], this.#width).values()) {
      if (!shown.has(all[0]?.time ?? 0)) for (const { time } of all) this.#thinned.delete(time)
    }
    for (const time of this.#fresh.keys()) if (!shown.has(time)) this.#fresh.delete(time)
  }

  /** By the start of the bucket; those that hold no number are not there. */
  figures(width: number): Map<number, Figures> {
    const found = new Map<number, Figures>()
    for (const [start, all] of groups([...this.#thinned.values(), ...this.#fresh.values()], width)) {
      const numbers = all.filter(counts).map(({ text }) => figureOf(text))
      if (numbers.length === 0) continue
      const sum = total(numbers)
      const ascending = numbers.toSorted((a, b) => (a < b ? -1 : 1))
      // Between samples that are one already the order is not known, nor which of them a late one follows.
      const isOrdered = numbers.length === all.length && !all.some(({ time }) => this.#isLate(time))
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
    return this.#fresh.has(time) && groups([...this.#thinned.values()], this.#width).has(startOf(time, this.#width))
  }
}

/** One for a bucket. */
function thinnedOne(all: readonly Sample[], type: Type): Sample {
  const [first] = all
  if (first === undefined || all.length === 1) return first as Sample
  const sound = all.filter(({ quality }) => quality !== 'bad')
  const numbers = sound.filter(counts)
  if (!NUMERIC.has(type) || numbers.length === 0) {
    const last = sound.at(-1) ?? (all.at(-1) as Sample)
    return { ...last, time: first.time }
  }
  return { time: first.time, text: mean(numbers, type), quality: worst(numbers) }
}

function mean(numbers: readonly Sample[], type: Type): string {
  if (!WHOLE.has(type)) return String(numbers.reduce((sum, { text }) => sum + Number(text), 0) / numbers.length)
  const sum = numbers.reduce((sum, { text }) => sum + BigInt(text), 0n)
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

function counts({ text, quality }: Sample): boolean {
  return quality !== 'bad' && /^(true|false|[+-]?[\d.]+([eE][+-]?\d+)?)$/.test(text)
}

function figureOf(text: string): Figure {
  if (text === 'true' || text === 'false') return Number(text === 'true')
  return /^[+-]?\d+$/.test(text) && !Number.isSafeInteger(Number(text)) ? BigInt(text) : Number(text)
}

function total(numbers: readonly Figure[]): Figure {
  if (!numbers.every((one) => typeof one === 'bigint' || Number.isInteger(one))) {
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
