import { createCanvas, loadImage } from '@napi-rs/canvas'
import { SaxesParser } from 'saxes'
import t from 'tap'
import { pngOf } from '../../../src/reports/drawing/png.ts'
import { svgOf } from '../../../src/reports/drawing/svg.ts'
import { fitted, widthOf } from '../../../src/reports/drawing/text.ts'
import { TimeSlice } from '../../../src/time-slice.ts'
import { sampleDrawing } from '../sample-document.ts'

t.test('a drawing is an SVG whose text is text', async (t) => {
  const svg = svgOf(sampleDrawing, 'One <class>')
  new SaxesParser().write(svg).close()
  t.match(svg, '>OperationalData</text>')
  t.match(svg, 'aria-label="One &lt;class&gt;"')
})

t.test('a drawing is a PNG on white ground', async (t) => {
  const image = await loadImage(await pngOf(sampleDrawing, new TimeSlice()))
  const { width, height } = image
  t.strictSame([width, height], [1000, 400])
  const context = createCanvas(width, height).getContext('2d')
  context.drawImage(image, 0, 0)
  const { data } = context.getImageData(0, 0, width, height)
  const pixel = (x: number, y: number) => [...data.subarray((y * width + x) * 4).subarray(0, 4)]
  t.strictSame(pixel(5, 5), [255, 255, 255, 255])
  t.strictSame(pixel(600, 150), [0x33, 0x41, 0x55, 255], 'the line')
  // Ink of the label, and none beside it.
  const dark = (left: number, right: number) => {
    let count = 0
    for (let x = left; x < right; x++) for (let y = 40; y < 75; y++) if ((pixel(x, y)[0] ?? 0) < 64) count++
    return count
  }
  t.ok(dark(130, 370) > 500)
  t.equal(dark(400, 460), 0)
})

t.test('text is about as wide as the layout takes it to be', async (t) => {
  await pngOf(sampleDrawing, new TimeSlice())
  const context = createCanvas(1, 1).getContext('2d')
  for (const bold of [undefined, true] as const) {
    const style = { size: 11, ...(bold && { bold }) }
    context.font = `${bold ? 'bold ' : ''}11px Roboto`
    for (const text of [
      'OperationalData',
      'spindleTemperature: xs:double [0..1]',
      'AssetInterfacesDescription',
      '«SMC»'
    ]) {
      const { width } = context.measureText(text)
      const ratio = widthOf(text, style) / width
      t.ok(ratio > 0.95 && ratio < 1.1, `${text}: ${ratio}`)
    }
  }
})

t.test('a large drawing gets a coarser picture', async (t) => {
  const png = await pngOf({ width: 20_000, height: 5000, shapes: [] }, new TimeSlice())
  t.ok(png.readUInt32BE(16) * png.readUInt32BE(20) < 17_000_000)
})

t.test('a text that does not fit is cut with an ellipsis', async (t) => {
  const style = { size: 11 }
  t.equal(fitted('Temperature', 200, style), 'Temperature')
  const cut = fitted('Temperature', 40, style)
  t.match(cut, /^Temp.*…$/)
  t.ok(widthOf(cut, style) <= 40)
})
