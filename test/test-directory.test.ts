import { existsSync } from 'node:fs'
import t from 'tap'
import { testDirectory } from './test-directory.ts'

t.test('a directory of a test outlives what the test opened in it', async (t) => {
  let directory = ''
  let wasThere = false
  await t.test('a test that closes something at its end', async (t) => {
    directory = testDirectory(t, { file: 'text' })
    t.teardown(() => {
      wasThere = existsSync(directory)
    })
    t.ok(existsSync(directory))
  })
  t.ok(wasThere, 'when that is closed')
  t.notOk(existsSync(directory), 'after the test')
})
