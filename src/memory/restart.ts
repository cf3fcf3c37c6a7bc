/**
 * Starts the program again in the same process, with options for its size. The size of the space for young objects and the
 * limit of the heap are read once, when V8 starts: set later, by `v8.setFlagsFromString`, they have no effect (tried with
 * Node 26). The allocator of the system reads its options at the same time. It takes about 40 ms.
 */
import { setFlagsFromString } from 'node:v8'
import { memoryPlan, parseMemory } from './plan.ts'

const MIB = 2 ** 20

/** Options of V8 that an operator may have set; then they stay. */
const OWN_OPTIONS = /--max[-_](?:semi[-_]space|old[-_]space|heap)[-_]size/

/** Few threads allocate much: with an arena for each, memory that is free in one cannot be used by another. */
const ALLOCATOR = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072', MALLOC_MMAP_THRESHOLD_: '131072' }

/** @param args the command line without program and script. Returns where nothing is to be done, or it is not possible */
export function restartSized(args: readonly string[]): void {
  const options = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ')
  // A channel to the parent process would be lost.
  if (OWN_OPTIONS.test(options) || process.channel != null || process.execve === undefined || !isServing(args)) return
  const budget = budgetOf(args)
  if (budget === undefined) return
  const [program = process.execPath, script = ''] = process.argv
  const { flags, env } = processOptions(budget)
  process.execve(program, [program, ...process.execArgv, ...flags, script, ...args], { ...env, ...process.env })
}

/** Options of a process for its budget in bytes: flags of Node, and variables of the environment. */
export function processOptions(budget: number): { readonly flags: readonly string[]; readonly env: object } {
  const { semiSpace, oldSpace } = memoryPlan(budget)
  const megabytes = (bytes: number) => Math.floor(bytes / MIB)
  const flags = [`--max-semi-space-size=${megabytes(semiSpace)}`, `--max-old-space-size=${megabytes(oldSpace)}`]
  return { flags, env: ALLOCATOR }
}

/**
 * Before the first thread starts: as an option of the process, the size of the heap is that of each thread as well, and V8
 * ignores the limit that it is started with. The heap of the main thread keeps its size (tried with Node 26). The space for
 * young objects stays that of the process in all threads: with what they ask for, columns were stored a third more slowly.
 */
export function leaveThreadsTheirHeaps(): void {
  setFlagsFromString('--max-old-space-size=0')
}

/** Other verbs may take what they need. */
function isServing(args: readonly string[]): boolean {
  if (args.some((arg) => ['help', '--help', '-h', '-v'].includes(arg))) return false
  // A word behind a flag may be its value.
  const words = args.filter((arg, at) => !arg.startsWith('-') && (args[at - 1]?.startsWith('--') ?? false) === false)
  return words.length === 0 || words.includes('serve')
}

/** Undefined: it is wrong, which is reported when all settings are read. */
function budgetOf(args: readonly string[]): number | undefined {
  const inline = args.find((arg) => arg.startsWith('--memory='))?.slice('--memory='.length)
  const at = args.indexOf('--memory')
  const text = inline ?? (at === -1 ? process.env.MEMORY || 'auto' : (args[at + 1] ?? ''))
  try {
    return parseMemory(text)
  } catch {
    return undefined
  }
}
