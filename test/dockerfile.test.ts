/** The image, as far as that can be tested without a Docker engine. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { testDirectory } from './test-directory.ts'

const root = new URL('..', import.meta.url).pathname
const read = (name: string) => readFileSync(join(root, name), 'utf8')

/** The instructions of each stage. */
const stages = read('Dockerfile')
  .split(/^FROM /m)
  .slice(1)
  .map((stage) => stage.split('\n'))

/** What a stage copies from the checkout. */
const copiedIn = (stage: readonly string[]) =>
  stage.flatMap((line) => {
    const [, files = ''] = /^COPY (?!--from)(.*) \S+$/.exec(line) ?? []
    return files === '' ? [] : files.split(' ')
  })

t.test('every file that the image copies exists, and is sent to the engine', async (t) => {
  const sent = read('.dockerignore').match(/(?<=^!).+$/gm) ?? []
  for (const file of stages.flatMap(copiedIn)) {
    t.ok(existsSync(join(root, file)), file)
    t.ok(
      sent.some((one) => file === one || file.startsWith(`${one}/`)),
      `${file} is not ignored`
    )
  }
})

t.test('the page is built from what its stage copies', { timeout: 120_000 }, async (t) => {
  const stage = stages.find(([name = '']) => name.endsWith(' AS page')) ?? []
  const folder = testDirectory(t)
  for (const file of copiedIn(stage)) {
    mkdirSync(join(folder, dirname(file)), { recursive: true })
    cpSync(join(root, file), join(folder, file), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const [, script = ''] = /^RUN node (\S+)$/m.exec(stage.join('\n')) ?? []
  execFileSync(process.execPath, [script], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  t.ok(existsSync(join(folder, 'dist/page/index.html.br')))
})
