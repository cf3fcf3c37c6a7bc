/** Light requests, one after the other: what other clients notice of a heavy one. */
import type { Child } from './children.ts'

/** Between two of them: a hub with some load. */
const PAUSE_MS = 2

/** @returns milliseconds of each request, until it is over */
export async function latencies(hub: Child, path: string, isOver: () => boolean): Promise<number[]> {
  const times: number[] = []
  while (!isOver()) {
    const from = performance.now()
    const response = await fetch(hub.url + path)
    await response.arrayBuffer()
    if (response.status !== 200) throw new Error(`${path}: ${response.status}`)
    times.push(performance.now() - from)
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
  return times
}

export function latenciesFor(hub: Child, path: string, ms: number): Promise<number[]> {
  const end = performance.now() + ms
  return latencies(hub, path, () => performance.now() >= end)
}
