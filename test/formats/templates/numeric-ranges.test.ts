import fc from 'fast-check'
import t from 'tap'
import { liesIn, type NumericRange, parseRanges } from '../../../src/formats/templates/numeric-ranges.ts'

/** Thousandths, so that the arithmetic of the test is exact. */
const thousandths = fc.integer({ min: -2_000_000, max: 2_000_000 })

t.test('a range accepts the plain decimals within its bounds', async () => {
  const bound = fc.option(thousandths, { nil: undefined })
  fc.assert(
    fc.property(
      bound,
      bound,
      fc.boolean(),
      fc.boolean(),
      thousandths,
      fc.constantFrom('', '0', '00'),
      (low, high, withoutFrom, withoutTo, value, zeros) => {
        fc.pre(low !== undefined || high !== undefined)
        const interval: NumericRange = {
          ...(low !== undefined && { from: decimal(low), exclusiveFrom: withoutFrom }),
          ...(high !== undefined && { to: decimal(high), exclusiveTo: withoutTo })
        }
        const expected =
          (low === undefined || (withoutFrom ? value > low : value >= low)) &&
          (high === undefined || (withoutTo ? value < high : value <= high))
        const text = decimal(value)
        const padded = text.startsWith('-') ? `-${zeros}${text.slice(1)}` : `${zeros}${text}`
        return (
          liesIn(padded, [interval]) === expected &&
          liesIn(`${padded}${text.includes('.') ? '0' : '.0'}`, [interval]) === expected
        )
      }
    ),
    { numRuns: 3000 }
  )
})

t.test('a bound is inclusive or exclusive by its bracket', async (t) => {
  for (const [range, value, expected] of [
    ['[0,100]', '0', true],
    ['[0,100]', '-0', true],
    ['(0,100]', '0', false],
    ['(0,100]', '0.0001', true],
    ['[0,100)', '100.00', false],
    ['[0,100)', '99.999', true],
    ['(*,5]', '-1000', true],
    ['(*,0)', '0', false],
    ['(*,0)', '-0.0', false],
    ['(*,0)', '-0.1', true],
    ['[5,*)', '12345678901234567890', true],
    ['[-5,-1]|[1,5]', '0', false],
    ['[-5,-1]|[1,5]', '-3.5', true],
    ['0..100', '101', false],
    ['[0.25,0.5]', '.3', true],
    ['[0.25,0.5]', '.2', false],
    ['[1,2]', '+1.5', true],
    ['[1,2]', '1e9', true]
  ] as const) {
    t.equal(liesIn(value, parseRanges(range) ?? []), expected, `${value} in ${range}`)
  }
})

t.test('other texts are not parsed as ranges', async (t) => {
  for (const text of ['', 'positive', '[1,2', '[a,b]', '[*,*]', '100..0', '[3,1]'])
    t.equal(parseRanges(text), undefined, text)
})

function decimal(thousandths: number): string {
  const sign = thousandths < 0 ? '-' : ''
  const digits = String(Math.abs(thousandths)).padStart(4, '0')
  const fraction = digits.slice(-3).replace(/0+$/, '')
  return `${sign}${digits.slice(0, -3)}${fraction === '' ? '' : `.${fraction}`}`
}
