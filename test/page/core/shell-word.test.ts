import { execFileSync } from 'node:child_process'
import t from 'tap'
import { shellWord } from '../../../src/page/core/shell-word.ts'

t.test('a shell takes a directory for one word, whatever is in it', async (t) => {
  const paths = [
    '/data',
    './data/demo',
    '/my data',
    "/it's $HOME",
    '/a`id`b',
    '/a"b',
    '/a\\b',
    '/자료',
    '/a;b',
    '/a\nb',
    ''
  ]
  for (const path of paths) {
    const echoed = execFileSync('sh', ['-c', `printf %s ${shellWord(path)}`], { encoding: 'utf8' })
    t.equal(echoed, path)
  }
  t.equal(shellWord('/data'), '/data', 'as it is where that is enough')
})

t.test('a directory of Windows stands in double quotes where it needs any', async (t) => {
  t.equal(shellWord('C:\\hub\\data'), 'C:\\hub\\data')
  t.equal(shellWord('C:\\Program Files\\hub'), '"C:\\Program Files\\hub"')
  t.equal(shellWord('\\\\server\\share & more'), '"\\\\server\\share & more"')
})
