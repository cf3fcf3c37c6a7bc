/** Java programs, built or downloaded with Maven, cached per user. */
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { CACHE, exists } from '../cache.ts'

const run = promisify(execFile)

/**
 * Compiles a program unless it is cached.
 * @param source path of the `.java` file; its libraries are those of the `pom.xml` next to it
 * @returns the arguments for `java` that run it
 */
export async function javaProgram(source: string): Promise<string[]> {
  const pom = join(dirname(source), 'pom.xml')
  const name = basename(source, '.java')
  const content = Buffer.concat([await readFile(source), await readFile(pom)])
  const folder = join(CACHE, `${name}-${createHash('sha256').update(content).digest('hex').slice(0, 12)}`)
  const [libraries, classes] = [join(folder, 'lib'), join(folder, 'classes')]
  const classPath = `${classes}:${libraries}/*`
  if (!(await exists(join(classes, `${name}.class`)))) {
    installMaven()
    console.log(`Building ${name} …`)
    await mkdir(classes, { recursive: true })
    await run('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${libraries}`])
    await run('javac', ['-cp', `${libraries}/*`, '-d', classes, source])
  }
  return ['-cp', classPath, name]
}

/**
 * Downloads a program that is published as one archive, unless it is cached.
 * @param artifact such as `org.example:server:1.0`
 * @returns the path of the archive
 */
export async function publishedProgram(artifact: string): Promise<string> {
  const [, name, version] = artifact.split(':')
  const archive = join(CACHE, `${name}-${version}.jar`)
  if (!(await exists(archive))) {
    installMaven()
    process.stderr.write(`Downloading ${artifact} …\n`)
    await run('mvn', ['-q', '-B', 'dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${CACHE}`])
  }
  return archive
}

function installMaven(): void {
  if (spawnSync('mvn', ['-v']).error !== undefined || spawnSync('javac', ['-version']).error !== undefined)
    execFileSync('apt-get', ['install', '-y', '-q', 'maven', 'default-jdk-headless'], { stdio: 'inherit' })
}
