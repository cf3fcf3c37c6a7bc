/** What a script checks, counted and printed; it closes with the line that `.ci/run` reads. */

let passed = 0
let failed = 0

/** @param found is printed where it is wrong */
export function check(what: string, isRight: boolean, found?: unknown): void {
  if (isRight) passed++
  else failed++
  console.log(isRight ? `ok ${what}` : `wrong ${what}: ${JSON.stringify(found)}`)
}

/** Runs the checks and ends the process: with 1 where one failed or an error was thrown. */
export async function conclude(run: () => Promise<void>, cleanUp: () => void): Promise<never> {
  try {
    await run()
  } catch (error) {
    failed++
    console.error(error)
  } finally {
    cleanUp()
  }
  console.log(`${passed} passed, ${failed} failed`)
  process.exit(failed === 0 ? 0 : 1)
}
