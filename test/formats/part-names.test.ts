import fc from 'fast-check'
import t from 'tap'
import { leadsTo, partForLink, partsOfLink } from '../../src/formats/part-links.ts'
import { loosePartKey, PartNames, partKey, partName } from '../../src/formats/part-names.ts'

t.test('any text has a part name, and part names are unchanged', async (t) => {
  const names: [text: string, name: string][] = [
    ['/aasx/files/m.pdf', '/aasx/files/m.pdf'],
    ['/aasx/files/설명.txt', '/aasx/files/%EC%84%A4%EB%AA%85.txt'],
    ['/aasx/files/%EC%84%A4%EB%AA%85.txt', '/aasx/files/%EC%84%A4%EB%AA%85.txt'],
    ['/aasx/files/%ec%84%a4.txt', '/aasx/files/%EC%84%A4.txt'],
    ['/my file.txt', '/my%20file.txt'],
    ['/my%20file.txt', '/my%20file.txt'],
    ['/a#b?c.png', '/a%23b%3Fc.png'],
    ['/100%.pdf', '/100%25.pdf'],
    ['/100%25.pdf', '/100%25.pdf'],
    ['/%4', '/%254'],
    ['/list[0]/a+b&c.png', '/list%5B0%5D/a+b&c.png'],
    ['/%41%7E%2d', '/A~-'],
    ['/a%2Fb%5cc\\d', '/a_b_c_d'],
    ['/ends.with.dots...', '/ends.with.dots.._'],
    ['/a/./b/../c', '/a/b/c'],
    ['a//b', '/a/b'],
    ['\ud800', '/%EF%BF%BD'],
    ['', '/file']
  ]
  for (const [text, name] of names) t.equal(partName(text), name, text)
  // OPC, 6.2.2.2, in the characters of RFC 3986.
  const grammar = /^(?:\/(?:[\w\-.~!$&'()*+,;=:@]|%[0-9A-F]{2})+)+$/
  await fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (one, other) => {
      const name = partName(`/${one}/${other}`)
      const isWrong = !grammar.test(name) || /%2F|%5C|%00|\.(\/|$)/.test(name)
      if (isWrong || partName(name) !== name) throw new Error(`${name} is no part name`)
    })
  )
})

t.test('names are equivalent without regard to ASCII case and percent-encoding, and no further', async (t) => {
  t.equal(partKey('/Files/%EC%84%A4.TXT'), partKey('/files/설.txt'))
  t.not(partKey('/files/%2525'), partKey('/files/%25'))
  t.not(partKey('/É'), partKey('/é'))
  t.equal(loosePartKey('/É'), loosePartKey('/e\u0301'))
})

t.test('no two parts of a package are equivalent, and none continues another', async (t) => {
  const names = new PartNames(['/[Content_Types].xml', '/aasx/aasx-origin'])
  const wanted: [wanted: string, given: string][] = [
    ['/aasx/files/a.pdf', '/aasx/files/a.pdf'],
    ['/aasx/files/A.pdf', '/aasx/files/A-2.pdf'],
    ['/aasx/files/a.pdf', '/aasx/files/a-3.pdf'],
    ['/aasx/files/a.pdf/b', '/aasx/files/a-4.pdf/b'],
    ['/aasx/files', '/aasx/files-2'],
    ['/%5Bcontent_types%5D.XML', '/%5Bcontent_types%5D-2.XML'],
    ['/aasx', '/aasx-2'],
    ['/aasx/_rels/data.xml.rels', '/aasx/rels/data.xml.rels'],
    ['/C:/windows', '/C_/windows'],
    ['/.hidden', '/.hidden'],
    ['/.hidden', '/.hidden-2'],
    ['/\uD55C', '/%ED%95%9C'],
    ['/\u1112\u1161\u11AB', '/%E1%84%92%E1%85%A1%E1%86%AB-2']
  ]
  for (const [name, given] of wanted) t.equal(names.take(name), given, name)
})

t.test('a link is followed as a part name, as a file URI, and relative to the document or the root', async (t) => {
  const document = '/aasx/plant/data.xml'
  const firsts: [link: string, part: string][] = [
    ['/aasx/files/m.pdf', '/aasx/files/m.pdf'],
    ['file:/aasx/files/m.pdf', '/aasx/files/m.pdf'],
    ['file:///aasx/files/m.pdf', '/aasx/files/m.pdf'],
    ['FILE:///m.pdf', '/m.pdf'],
    ['file://aasx/files/m.pdf', '/aasx/files/m.pdf'],
    ['files/m.pdf', '/aasx/plant/files/m.pdf'],
    ['./files/m.pdf', '/aasx/plant/files/m.pdf'],
    ['../files/m.pdf', '/aasx/files/m.pdf'],
    ['../../../m.pdf', '/m.pdf'],
    ['\\aasx\\files\\m.pdf', '/aasx/files/m.pdf'],
    ['/aasx//files/./m.pdf', '/aasx/files/m.pdf'],
    ['my%20file.pdf', '/aasx/plant/my%20file.pdf']
  ]
  for (const [link, part] of firsts) t.equal(partsOfLink(link, document)[0], part, link)
  t.ok(partsOfLink('aasx/files/m.pdf', document).includes('/aasx/files/m.pdf'))
  t.ok(partsOfLink('files/m.pdf', document).includes('/aasx/files/m.pdf'))
  t.ok(partsOfLink('/m.pdf#page=2', document).includes('/m.pdf'))
  t.ok(partsOfLink('file://localhost/m.pdf', document).includes('/m.pdf'))
  for (const link of ['http://example.com/m.pdf', 'urn:a:b', 'C:\\m.pdf', 'data:,x'])
    t.same(partsOfLink(link, document), [], link)
})

t.test('a link stays in a package that is written where it leads every reader to the part', async (t) => {
  const links: [link: string, part: string, stays: boolean][] = [
    ['/aasx/files/m.pdf', '/aasx/files/m.pdf', true],
    ['file:///m.pdf', '/m.pdf', true],
    ['file:/m.pdf', '/m.pdf', true],
    ['files/m.pdf', '/aasx/files/m.pdf', true],
    ['./files/m.pdf', '/aasx/files/m.pdf', true],
    ['../m.pdf', '/m.pdf', true],
    // By RFC 3986 this is /aasx/aasx/files/m.pdf, but in practice it is meant differently.
    ['aasx/files/m.pdf', '/aasx/files/m.pdf', false],
    ['file://aasx/files/m.pdf', '/aasx/files/m.pdf', false],
    ['/my file.pdf', '/my%20file.pdf', false],
    ['/%41.pdf', '/A.pdf', false],
    ['\\aasx\\m.pdf', '/aasx/m.pdf', false]
  ]
  for (const [link, part, stays] of links) {
    t.equal(partForLink(link), part, link)
    t.equal(leadsTo(link, part), stays, link)
  }
})
