/** What random rules let a caller read through every route of the standard that shows submodels. */
import { isReadOnly, kindsOf, rightOf } from '../../src/operations/required-right.ts'
import { type Route, routes } from '../../src/transports/http/routes.ts'
import type { Json } from '../security/fixture.ts'
import { type Plant, partsOf, type Rule, shownParts, visibleParts, type World } from '../security/random-scene.ts'
import { encode } from './harness.ts'

/** By the route table of the server, so that a new one is not forgotten. What is checked (`/check`) is not what is stored. */
export const readingRoutes: readonly Route[] = routes().filter(
  ({ endpoint, definition }) =>
    definition.on !== 'Check' && isReadOnly(endpoint.definition) && kindsOf(endpoint).includes('Submodel')
)

/** Compared by access-streams-random.test.ts. */
export const isOfPackages = ({ path }: Route) => path.startsWith('/packages')

/** A shell with this id refers to all submodels. */
export const SHELL = 'urn:shell'

/** The parts that a submodel is shown with, in frames where the caller may know of these; undefined if it is not shown. */
export function shownInDocument(rules: readonly Rule[], world: World): string[] | undefined {
  const { isVisible, parts } = shownParts(rules, 'READ', world)
  const known = visibleParts(rules, 'VIEW', world)
  const isFramed = parts.has('c') || known?.includes('c') === true
  const shown = [...parts].filter((part) => !part.startsWith('c.') || isFramed)
  if (shown.some((part) => part.startsWith('c.'))) shown.push('c')
  if (isVisible) return [...new Set(shown)].sort()
  const elements = shown.filter((part) => part !== 'semanticId')
  if (known === undefined || elements.length === 0) return undefined
  return [...new Set([...elements, ...(world.document.semanticId === undefined ? [] : ['semanticId'])])].sort()
}

interface RandomRead {
  readonly rules: readonly Rule[]
  readonly plants: readonly Plant[]
  worldOf(plant: Plant, route: string): World
  get(path: string): Promise<{ readonly status: number; readonly json: Json }>
}

/** @throws Error if an answer shows more or less than the naive evaluator */
export async function compareRoute(route: Route, read: RandomRead): Promise<void> {
  const { path, verb } = route
  if (verb !== 'GET') throw new Error(`${verb} ${path} is not compared`)
  if (!path.includes('{submodelIdentifier}')) return compareList(route, read)
  for (const one of read.plants) {
    const paths = path.includes('{idShortPath}') ? one.elements.map((element) => element.path) : ['']
    for (const elementPath of paths) await compareOne(route, read, one, elementPath)
  }
}

/** Everything that is visible is listed, and nothing else. Of `/validation`, which is filled later, only the latter. */
async function compareList(route: Route, { rules, plants, worldOf, get }: RandomRead): Promise<void> {
  const path = route.path.replace('{aasIdentifier}', encode(SHELL))
  const { status, json } = await get(path)
  const isVisible = (one: Plant) =>
    rightOf(route.endpoint) === 'VIEW'
      ? visibleParts(rules, 'VIEW', worldOf(one, path)) !== undefined
      : shownInDocument(rules, worldOf(one, path)) !== undefined
  const visible = plants.filter(isVisible)
  const what = `${path} for ${JSON.stringify(visible.map(({ id }) => id))}`
  if (status === 404 && route.path.includes('{aasIdentifier}')) return
  if (status !== 200) return check(what, [401, 403].includes(status) && visible.length === 0, status)
  const items = (json.result ?? json.submodels ?? []) as Json[]
  if (route.content === 'path') return
  if (route.path === '/validation') {
    const named = items.map(({ submodel, id }) => String(submodel ?? id))
    return check(
      what,
      named.every((id) => !plants.some((one) => one.id === id && !visible.includes(one))),
      named
    )
  }
  const isPartly = route.path.includes('{aasIdentifier}')
  check(what, isPartly ? items.length <= visible.length : items.length === visible.length, items)
}

async function compareOne(
  route: Route,
  { rules, worldOf, get }: RandomRead,
  one: Plant,
  elementPath: string
): Promise<void> {
  const path = route.path
    .replace('{aasIdentifier}', encode(SHELL))
    .replace('{submodelIdentifier}', encode(one.id))
    .replace('{idShortPath}', elementPath)
  const { status, json } = await get(path)
  // What is not defined for the kind of element, and only said of a visible one.
  const isShown = status === 200 || status === 400 || status === 405
  const expected = isExpected(route, rules, worldOf(one, path), elementPath)
  const what = `${path} (${elementPath})`
  // Below a shell, it must be visible too.
  const isBelowShell = route.path.includes('{aasIdentifier}')
  check(what, isShown === expected || (isBelowShell && !isShown), { status, expected })
  const isWhole = route.content === 'normal' && /(submodels\/\{submodelIdentifier\}|\/submodel)$/.test(route.path)
  if (!isWhole || status !== 200) return
  const shown = shownInDocument(rules, worldOf(one, path))
  check(what, JSON.stringify(partsOf(json)) === JSON.stringify(shown), { found: partsOf(json), shown })
}

function isExpected({ endpoint, content }: Route, rules: readonly Rule[], world: World, elementPath: string): boolean {
  if (rightOf(endpoint) === 'VIEW') {
    return elementPath === ''
      ? visibleParts(rules, 'VIEW', world) !== undefined
      : shownParts(rules, 'VIEW', world).parts.has(elementPath)
  }
  const shown = shownInDocument(rules, world)
  if (elementPath === '') return shown !== undefined
  const { parts } = shownParts(rules, 'READ', world)
  if (content === 'value' && elementPath !== 'c') return parts.has(`${elementPath}#value`)
  return parts.has(elementPath) || shown?.includes(elementPath) === true
}

function check(what: string, holds: boolean, found: unknown): void {
  if (!holds) throw new Error(`${what}: ${JSON.stringify(found)}`)
}
