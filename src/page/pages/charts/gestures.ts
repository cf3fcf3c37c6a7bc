/** Moves and zooms a chart: one finger or the mouse drags, two fingers or the wheel zoom, a double click follows live. */
export interface PlotActions {
  /** Moves by a part of the width. */
  readonly pan: (part: number) => void
  /** @param around where in the width: 0 at the left */
  readonly zoom: (factor: number, around: number) => void
  readonly toLive: () => void
}

const WHEEL_ZOOM = 1.0015

/** @returns ends it */
export function handleGestures(area: HTMLElement, { pan, zoom, toLive }: PlotActions): () => void {
  const ending = new AbortController()
  const { signal } = ending
  /** Where each finger is. */
  const pointers = new Map<number, number>()
  const partOf = (clientX: number) => {
    const { left, width } = area.getBoundingClientRect()
    return (clientX - left) / Math.max(width, 1)
  }
  const listen = <Name extends keyof HTMLElementEventMap>(
    name: Name,
    listener: (event: HTMLElementEventMap[Name]) => void
  ) => area.addEventListener(name, listener, { signal, passive: false })

  listen('pointerdown', (event) => {
    if (event.button !== 0) return
    pointers.set(event.pointerId, partOf(event.clientX))
    area.setPointerCapture(event.pointerId)
  })
  listen('pointermove', ({ pointerId, clientX }) => {
    const before = pointers.get(pointerId)
    if (before === undefined) return
    const part = partOf(clientX)
    const [other] = [...pointers].filter(([id]) => id !== pointerId)
    if (other === undefined) pan(before - part)
    else {
      const [, still] = other
      const distance = Math.abs(part - still)
      if (distance > 0.02) zoom(Math.abs(before - still) / distance, (part + still) / 2)
    }
    pointers.set(pointerId, part)
  })
  const release = ({ pointerId }: PointerEvent) => pointers.delete(pointerId)
  listen('pointerup', release)
  listen('pointercancel', release)
  listen('wheel', (event) => {
    event.preventDefault()
    const { deltaX, deltaY, clientX } = event
    if (Math.abs(deltaX) > Math.abs(deltaY)) pan(deltaX / Math.max(area.clientWidth, 1))
    else zoom(WHEEL_ZOOM ** deltaY, partOf(clientX))
  })
  listen('dblclick', toLive)
  return () => ending.abort()
}
