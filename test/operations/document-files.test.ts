import t from 'tap'
import { attachmentFolder, attachmentName, packageThumbnail, partForFile } from '../../src/operations/document-files.ts'

const stored = (name: string) => ({ name, contentType: 'application/pdf', fileName: 'x', size: 1, blob: 'b' })

t.test('names of attachments contain no ASCII characters that need escaping', async (t) => {
  const folder = attachmentFolder('urn:docs', 'Documents[0].File')
  t.match(folder, /^\/aasx\/files\/[0-9a-f]{12}\/Documents\.0\.File$/)
  t.equal(attachmentName('/f', 'C:\\fakepath\\my file #1 (50%).pdf'), '/f/my_file__1_(50_).pdf')
  t.equal(attachmentName('/f', '설명서.pdf'.normalize('NFD')), '/f/%EC%84%A4%EB%AA%85%EC%84%9C.pdf')
  t.match(attachmentFolder('urn:docs', 'a b/c'), /^\/aasx\/files\/[0-9a-f]{12}\/[0-9a-f]{12}$/)
})

t.test('the part of a stored file is where its link leads; attachments of earlier versions are renamed', async (t) => {
  const parts: [name: string, part: string][] = [
    ['/aasx/files/my%20file.pdf', '/aasx/files/my%20file.pdf'],
    ['file:///manual.pdf', '/manual.pdf'],
    ['files/m.pdf', '/aasx/files/m.pdf'],
    ['/aasx/files/0123456789ab/Documents%5B0%5D/my%20file.pdf', '/aasx/files/0123456789ab/Documents_0_/my_file.pdf'],
    ['/aasx/files/0123456789ab/%EC%84%A4.png', '/aasx/files/0123456789ab/%EC%84%A4.png'],
    [packageThumbnail('/docProps/thumb.png'), '/docProps/thumb.png'],
    ['thumbnail', '/thumbnail.pdf']
  ]
  for (const [name, part] of parts) t.equal(partForFile(stored(name), 'pdf'), part, name)
})
