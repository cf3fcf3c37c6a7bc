import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'

const root = new URL('..', import.meta.url)

t.test('the notice names every template that a schema was derived from, with its version', async (t) => {
  const notice = readFileSync(new URL('NOTICE', root), 'utf8')
  const folder = new URL('schemas/submodels/', root)
  const files = readdirSync(folder)
  t.ok(files.length > 0)
  for (const file of files) {
    const { $comment = '' } = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as { $comment?: string }
    const [, number, name, version] = /submodel template (IDTA [\d-]+) (\w+), version ([\d.]+),/.exec($comment) ?? []
    t.ok(notice.includes(`- ${number}, ${name}, version ${version}: `), file)
  }
})
