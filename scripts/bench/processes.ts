/** What Linux says of a process, and the cores that it may use. */
import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'

/** Of `/proc/PID/stat`: one tick is ten milliseconds on every Linux. */
export const TICK_US = 10_000

/** Processor time of all threads in microseconds, and bytes written to disk. */
export interface Taken {
  readonly cpu: number
  readonly written: number
}

/** What a process has taken so far; of a system without `/proc` nothing is known. */
export async function takenBy(pid: number | undefined): Promise<Taken> {
  const read = (name: string) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')
  const [stat, io] = [await read('stat'), await read('io')]
  return { cpu: cpuOf(stat), written: Number(/^write_bytes: (\d+)/m.exec(io)?.[1] ?? Number.NaN) }
}

/** @param stat of a process or thread. @returns its processor time so far, in microseconds */
export function cpuOf(stat: string): number {
  // The name of the program, in brackets, may contain spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_US
}

/** All threads of a process. @param cores as `taskset` has them, such as `0` or `0-1` */
export function pin(pid: number, cores: string): void {
  execFileSync('taskset', ['-apc', cores, String(pid)], { stdio: 'ignore' })
}
