/**
 * UML class diagrams of a submodel: a class per container with its data elements as attributes, compositions from left to
 * right. What does not fit on a page is divided into several diagrams.
 */
import type { Submodel, SubmodelElement } from '../../model/types.ts'
import { type Container, childrenOf } from '../../model/walk.ts'
import type { Drawing, Point, Shape } from '../drawing/drawing.ts'
import { fitted, widthOf } from '../drawing/text.ts'
import { abbreviationOf, cardinalityOf, isContainer, shownName, typeText } from './element-texts.ts'

/** Pixels. Larger ones are made smaller by the page until they cannot be read. */
const MAX_HEIGHT = 1000
const MAX_DIAGRAMS = 40
const MAX_ATTRIBUTES = 45

const [MIN_WIDTH, MAX_WIDTH] = [130, 290]
const [HEAD_HEIGHT, LINE_HEIGHT, PADDING] = [36, 16, 6]
const [COLUMN_GAP, ROW_GAP, MARGIN] = [56, 16, 10]
const TEXT = { size: 11 } as const
const NAME = { size: 12, bold: true } as const
const STEREOTYPE = { size: 10 } as const
const COLOURS = { line: '#47617d', head: '#DAE9F7', ground: '#ffffff', ink: '#17202b', soft: '#5a6675' } as const

interface ClassNode {
  readonly name: string
  readonly stereotype: string
  readonly attributes: readonly string[]
  /** Of the containers that contain it, at the end of the composition. */
  readonly cardinality: string
  readonly children: readonly ClassNode[]
}

/** The diagrams of a submodel, at least one. */
export function diagramsOf(submodel: Submodel): Drawing[] {
  return divided(nodeOf(submodel, 0, ''))
    .slice(0, MAX_DIAGRAMS)
    .map(drawingOf)
}

function nodeOf(container: Container, index: number, cardinality: string): ClassNode {
  const children = childrenOf(container)
  const attributes: string[] = []
  const classes: ClassNode[] = []
  for (const [at, element] of shownChildren(container, children)) {
    if (isContainer(element)) classes.push(nodeOf(element, at, cardinalityOf(element, container)))
    else attributes.push(`${shownName(element, at)}: ${attributeType(element)} [${cardinalityOf(element, container)}]`)
  }
  const rest = attributes.length - MAX_ATTRIBUTES
  return {
    name: shownName(container, index),
    stereotype: `«${abbreviationOf(container)}»`,
    attributes: rest > 1 ? [...attributes.slice(0, MAX_ATTRIBUTES), `… ${rest} more`] : attributes,
    cardinality,
    children: classes
  }
}

/** The items of a list are of one class, which its first item shows. */
function shownChildren(
  { modelType }: Container,
  children: readonly SubmodelElement[]
): readonly (readonly [number, SubmodelElement])[] {
  const all = [...children.entries()]
  return modelType === 'SubmodelElementList' ? all.slice(0, 1) : all
}

function attributeType(element: SubmodelElement): string {
  const type = typeText(element)
  const kind = abbreviationOf(element)
  if (element.modelType === 'Property') return type
  return type === '-' || element.modelType === 'MultiLanguageProperty' ? kind : `${kind} ${type}`
}

// ---- division

/** Trees that each fit on a page: the classes below the root are drawn in groups, what does not fit below them follows. */
function divided(root: ClassNode): ClassNode[] {
  if (heightOf(root) <= MAX_HEIGHT || root.children.length === 0) return [root]
  const follow: ClassNode[] = []
  const shown = root.children.map((child) => {
    if (heightOf(child) <= MAX_HEIGHT / 2 || child.children.length === 0) return child
    follow.push(child)
    return { ...child, attributes: ['(see below)'], children: [] }
  })
  const groups: ClassNode[][] = [[]]
  let height = 0
  for (const child of shown) {
    const needed = heightOf(child) + ROW_GAP
    if (height + needed > MAX_HEIGHT && height > 0) {
      groups.push([])
      height = 0
    }
    groups.at(-1)?.push(child)
    height += needed
  }
  const parts = groups.map((children, index) => ({ ...root, children, ...(index > 0 && { attributes: [] }) }))
  return [...parts, ...follow.flatMap(divided)]
}

function ownHeight({ attributes }: ClassNode): number {
  return HEAD_HEIGHT + (attributes.length === 0 ? 0 : attributes.length * LINE_HEIGHT + 2 * PADDING)
}

function heightOf(node: ClassNode): number {
  const below = node.children.reduce((sum, child) => sum + heightOf(child) + ROW_GAP, -ROW_GAP)
  return Math.max(ownHeight(node), below)
}

// ---- drawing

function drawingOf(root: ClassNode): Drawing {
  const widths: number[] = []
  measure(root, 0)
  const lefts = widths.map((_, depth) =>
    widths.slice(0, depth).reduce((left, width) => left + width + COLUMN_GAP, MARGIN + 0.5)
  )
  const shapes: Shape[] = []
  place(root, 0, MARGIN + 0.5)
  const width = (lefts.at(-1) ?? 0) + (widths.at(-1) ?? 0) + MARGIN
  return { width: Math.ceil(width), height: Math.ceil(heightOf(root) + 2 * MARGIN), shapes }

  function measure(node: ClassNode, depth: number): void {
    const texts = [
      widthOf(node.name, NAME) + 24,
      ...node.attributes.map((text) => widthOf(text, TEXT) + 3 * PADDING),
      widths[depth] ?? MIN_WIDTH
    ]
    widths[depth] = Math.min(MAX_WIDTH, Math.ceil(Math.max(...texts)))
    for (const child of node.children) measure(child, depth + 1)
  }

  /** @returns where the composition ends */
  function place(node: ClassNode, depth: number, top: number): number {
    const x = lefts[depth] ?? 0
    const width = widths[depth] ?? 0
    shapes.push(...classShapes(node, x, top, width))
    const from: Point = [x + width, top + HEAD_HEIGHT / 2]
    let y = top
    for (const child of node.children) {
      const end: Point = [x + width + COLUMN_GAP, place(child, depth + 1, y)]
      shapes.push(...composition(from, end, child.cardinality))
      y += heightOf(child) + ROW_GAP
    }
    if (node.children.length > 0) shapes.push(diamond(from))
    return top + HEAD_HEIGHT / 2
  }
}

function classShapes(node: ClassNode, x: number, y: number, width: number): Shape[] {
  const { line, head, ground, ink, soft } = COLOURS
  const middle = x + width / 2
  return [
    { shape: 'box', x, y, width, height: ownHeight(node), fill: ground, stroke: line },
    { shape: 'box', x, y, width, height: HEAD_HEIGHT, fill: head, stroke: line },
    { shape: 'label', x: middle, y: y + 13, text: node.stereotype, ...STEREOTYPE, anchor: 'middle', fill: soft },
    {
      shape: 'label',
      x: middle,
      y: y + 28,
      text: fitted(node.name, width - 12, NAME),
      ...NAME,
      anchor: 'middle',
      fill: ink
    },
    ...node.attributes.map(
      (text, index): Shape => ({
        shape: 'label',
        x: x + PADDING + 2,
        y: y + HEAD_HEIGHT + PADDING + 11.5 + index * LINE_HEIGHT,
        text: fitted(text, width - 2 * PADDING - 4, TEXT),
        ...TEXT,
        fill: ink
      })
    )
  ]
}

function composition([x, y]: Point, [endX, endY]: Point, cardinality: string): Shape[] {
  const bend = x + COLUMN_GAP * 0.45
  const points: Point[] =
    y === endY
      ? [
          [x, y],
          [endX, endY]
        ]
      : [
          [x, y],
          [bend, y],
          [bend, endY],
          [endX, endY]
        ]
  return [
    { shape: 'polyline', points, stroke: COLOURS.line },
    { shape: 'label', x: endX - 4, y: endY - 4, text: cardinality, ...STEREOTYPE, anchor: 'end', fill: COLOURS.soft }
  ]
}

function diamond([x, y]: Point): Shape {
  const points: Point[] = [
    [x, y],
    [x + 8, y - 5],
    [x + 16, y],
    [x + 8, y + 5]
  ]
  return { shape: 'polygon', points, fill: COLOURS.line }
}
