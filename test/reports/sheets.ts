import { partsOf } from './zip-parts.ts'

/** The sheets of a workbook of the hub by name, each as rows of texts. */
export async function sheetsOf(bytes: Buffer): Promise<Map<string, string[][]>> {
  const parts = await partsOf(bytes)
  const workbook = String(parts.get('xl/workbook.xml'))
  const names = [...workbook.matchAll(/<sheet name="([^"]*)"/g)].map(([, name = '']) => plain(name))
  return new Map(names.map((name, index) => [name, rowsOf(String(parts.get(`xl/worksheets/sheet${index + 1}.xml`)))]))
}

function rowsOf(sheet: string): string[][] {
  return [...sheet.matchAll(/<row [^>]*>(.*?)<\/row>/gs)].map(([, row = '']) =>
    [...row.matchAll(/<c [^>]*?(?:\/>|>(.*?)<\/c>)/gs)].map(([, cell = '']) => plain(cell.replace(/<[^>]*>/g, '')))
  )
}

function plain(text: string): string {
  const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }
  return text.replace(/&([a-z#\d]+);/g, (_, name: string) => entities[name] ?? '').replaceAll('_x005F_', '_')
}
