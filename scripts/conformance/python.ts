/** Python tools, each in its own virtual environment outside of the repository. */
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ASYNCUA = 'asyncua==2.1.0'
export const ENGINE = 'aas-test-engines==1.0.3'
export const BASYX = 'basyx-python-sdk==2.2.0'
/** The last one for release 3.0 of the metamodel. */
export const BASYX_3_0 = 'basyx-python-sdk==2.0.1'

/**
 * Installs a tool unless it is present.
 * @param requirement one or more pip requirements, separated by blanks
 * @param program the installed command
 * @returns the path of the command
 */
export async function tool(requirement: string, program: string): Promise<string> {
  const cache = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url))
  const folder = join(cache, requirement.replace(/\W+/g, '-'))
  const command = join(folder, 'bin', program)
  const installed = join(folder, 'installed')
  if (existsSync(installed)) return command
  await mkdir(cache, { recursive: true })
  console.log(`Installing ${requirement} …`)
  if (spawnSync('python3', ['-m', 'venv', '--clear', folder], { stdio: 'ignore' }).status !== 0) {
    // Debian needs a separate package for virtual environments.
    execFileSync('apt-get', ['install', '-y', '-q', 'python3-venv'], { stdio: 'inherit' })
    execFileSync('python3', ['-m', 'venv', '--clear', folder], { stdio: 'inherit' })
  }
  execFileSync(join(folder, 'bin', 'pip'), ['install', '--quiet', ...requirement.split(' ')], { stdio: 'inherit' })
  // An interrupted installation may have left the folder, and even the program.
  writeFileSync(installed, '')
  return command
}

/**
 * Runs a command asynchronously, so that this process can answer it.
 * @param variables of the environment, beside those of this process
 */
export async function run(
  command: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {}
): Promise<{ code: number; output: string }> {
  const env = { ...process.env, ...variables }
  return new Promise((resolve) => {
    execFile(command, args, { maxBuffer: 2 ** 28, cwd: tmpdir(), env }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
      resolve({ code, output: stdout === '' ? stderr : stdout })
    })
  })
}
