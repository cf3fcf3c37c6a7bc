import type { Test } from 'tap'

/**
 * A directory for one test, removed after it: later than what the test opened in it is closed, wherever that is said. tap's
 * own `testdir` is removed first if it is asked for first, under a hub that still writes.
 * @param content as of tap's `testdir`
 */
export function testDirectory(t: Test, content: Parameters<Test['testdir']>[0] = {}): string {
  // Closing comes before what surrounds the first teardown.
  t.teardown(() => {})
  return t.testdir(content)
}
