/** How documents look as DOCX: A4, Malgun Gothic, 9 pt in tables. */
import type { IPageMarginAttributes, IPageSizeAttributes, IStylesOptions } from 'docx'

/** Lengths of a page, in twips (1/1440 inch) and in CSS pixels. */
export interface PageLayout {
  readonly page: { readonly size: Partial<IPageSizeAttributes>; readonly margin: IPageMarginAttributes }
  /** Twips. */
  readonly textWidth: number
  /** The largest figure that fits with its caption. */
  readonly figure: readonly [width: number, height: number]
}

const MARGINS = { top: 1134, right: 1134, bottom: 1134, left: 1134, header: 567, footer: 567 }
// The library turns width and height of a page that is wider than tall.
const A4 = { width: 11906, height: 16838 }

/** A4 with margins of 20 mm. */
export function pageLayout(isLandscape: boolean): PageLayout {
  return isLandscape
    ? { page: { size: { ...A4, orientation: 'landscape' }, margin: MARGINS }, textWidth: 14570, figure: [970, 520] }
    : { page: { size: A4, margin: MARGINS }, textWidth: 9638, figure: [642, 860] }
}

const FONT = { ascii: 'Malgun Gothic', hAnsi: 'Malgun Gothic', eastAsia: 'Malgun Gothic', cs: 'Malgun Gothic' }
const ACCENT = '1F4E79'

export function docxStyles(): IStylesOptions {
  const heading = (size: number, before: number) => ({
    run: { font: FONT, size, bold: true, color: ACCENT },
    paragraph: { spacing: { before, after: 120 }, keepNext: true }
  })
  const style = (id: string, run: object, paragraph: object) => ({
    ...{ id, name: id, basedOn: 'Normal', run, paragraph }
  })
  return {
    default: {
      document: {
        run: {
          font: FONT,
          size: 19,
          // Of Latin letters: they would be broken anywhere in the Korean language.
          language: { value: 'en-US', eastAsia: 'ko-KR' }
        },
        paragraph: { spacing: { after: 100, line: 288, lineRule: 'auto' } }
      },
      title: {
        run: { font: FONT, size: 38, bold: true, color: ACCENT },
        paragraph: { spacing: { before: 240, after: 240 } }
      },
      heading1: heading(28, 480),
      heading2: heading(23, 360),
      heading3: heading(20, 280),
      heading4: heading(19, 240),
      hyperlink: { run: { color: '0B5394', underline: {} } }
    },
    paragraphStyles: [
      style('Cell', { size: 18 }, { spacing: { before: 0, after: 0, line: 240, lineRule: 'auto' } }),
      style('ListItem', {}, { indent: { left: 340, hanging: 220 }, tabStops: [{ type: 'left', position: 340 }] }),
      style('TableCaption', { size: 18, bold: true }, { spacing: { before: 200, after: 80 }, keepNext: true }),
      style(
        'Figure',
        {},
        { alignment: 'center', keepNext: true, spacing: { before: 120, after: 60, line: 240, lineRule: 'auto' } }
      ),
      style('FigureCaption', { size: 18, bold: true }, { alignment: 'center', spacing: { after: 240 } }),
      style('AfterTable', { size: 12 }, { spacing: { after: 120, line: 240, lineRule: 'auto' } }),
      style('RunningText', { size: 16, color: '556070' }, { spacing: { after: 0 } }),
      style('ContentsHeading', { size: 24, bold: true, color: ACCENT }, { spacing: { before: 360, after: 120 } }),
      style('Contents1', {}, { spacing: { before: 60, after: 20 } }),
      style('Contents2', {}, { indent: { left: 400 }, spacing: { after: 20 } })
    ]
  }
}
