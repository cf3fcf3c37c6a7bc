/** Canonical JSON, by the examples of RFC 8785. */
import t from 'tap'
import { canonicalInSlices } from '../../../src/reports/compliance/signing/canonical.ts'
import { TimeSlice } from '../../../src/time-slice.ts'

const canonical = (value: object) => canonicalInSlices(value, new TimeSlice())

t.test('values and layout (RFC 8785, 3.2.2)', async (t) => {
  const text =
    '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}'
  t.equal(
    await canonical(JSON.parse(text)),
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
  )
})

t.test('members are sorted by UTF-16 code units (RFC 8785, 3.2.3), at every depth', async (t) => {
  const members = {
    '\u20ac': 'Euro Sign',
    '\r': 'Carriage Return',
    '\ufb33': 'Hebrew Letter Dalet With Dagesh',
    1: 'One',
    '\u{1f600}': 'Emoji: Grinning Face',
    '\u0080': 'Control',
    '\u00f6': 'Latin Small Letter O With Diaeresis'
  }
  const sorted =
    '{"\\r":"Carriage Return","1":"One","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😀":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}'
  let value: object = members
  let text = sorted
  for (let depth = 0; depth < 7; depth++) {
    t.equal(await canonical(value), text, `depth ${depth}`)
    value = depth % 2 === 0 ? { a: value } : [value]
    text = depth % 2 === 0 ? `{"a":${text}}` : `[${text}]`
  }
})

t.test('names that look like array indexes are sorted as text', async (t) => {
  t.equal(await canonical({ 10: 1, 9: 2, a: 3 }), '{"10":1,"9":2,"a":3}')
})
