/** How much work something is, on a busy machine, too. */

/** Milliseconds that this thread has used the processor for: those in which it waited for others do not count. */
export function processorMs(work: () => void): number {
  const before = process.threadCpuUsage()
  work()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1000
}
