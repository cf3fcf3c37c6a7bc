/**
 * The page in a real browser: Debian's Chromium, or the one that CHROMIUM names. Errors on the console, violations of the
 * Content-Security-Policy and requests that fail are failures of the test.
 */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import file, { type Test } from 'tap'
import { buildPage } from './build-page.ts'

const CANDIDATES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const executable = process.env.CHROMIUM ?? CANDIDATES.find((file) => existsSync(file))

/** For the option `skip` of a test: the reason why the page cannot be tested here, or false. */
export const noBrowser =
  executable === undefined && process.env.CI !== 'true' && 'no Chromium; install it, or name it in CHROMIUM'

export const DESKTOP = { width: 1280, height: 800 }
/** A phone. */
export const NARROW = { width: 390, height: 844 }

/** On a busy machine, too. */
const MAX_WAIT_MS = 90_000

export interface PageOptions {
  readonly language?: 'en' | 'ko'
  readonly theme?: 'light' | 'dark'
  readonly viewport?: { readonly width: number; readonly height: number }
  /** Messages of the console and failed requests that the test provokes. */
  readonly expected?: RegExp
}

export interface Tab {
  readonly page: Page
  readonly context: BrowserContext
  /** What went wrong so far. */
  readonly problems: readonly string[]
}

let starting: Promise<Browser> | undefined

/**
 * Opens the page of a hub in a tab of its own, without what other tabs have stored, for as long as `use` runs; then nothing
 * may have gone wrong in it.
 */
export async function withTab(
  t: Test,
  url: string,
  options: PageOptions,
  use: (tab: Tab) => Promise<void>
): Promise<void> {
  const tab = await openTab(url, options)
  let problems: readonly string[] = []
  try {
    await use(tab)
    // What is under way when the tab is closed fails.
    problems = [...tab.problems]
  } catch (error) {
    await screenshot(tab, `failed-${t.name.replace(/\W+/g, '-')}`)
    throw error
  } finally {
    await tab.context.close()
  }
  t.strictSame(problems, [], 'no errors, violations of the policy, or failed requests')
}

async function openTab(url: string, options: PageOptions): Promise<Tab> {
  const { language = 'en', theme = 'light', viewport = DESKTOP, expected } = options
  starting ??= launch()
  const browser = await starting
  const context = await browser.newContext({
    ...{ locale: language, colorScheme: theme, viewport, timezoneId: 'Asia/Seoul', reducedMotion: 'reduce' },
    ...(viewport === NARROW && { hasTouch: true })
  })
  // How long something takes is measured elsewhere.
  context.setDefaultTimeout(MAX_WAIT_MS)
  const page = await context.newPage()
  await slowDown(page)
  const problems: string[] = []
  const report = (problem: string) => {
    if (expected?.test(problem) !== true) problems.push(problem)
  }
  // A violation of the policy is an error on the console, too.
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) report(`console: ${message.text()} ${message.location().url}`)
  })
  page.on('pageerror', (error) => report(`error: ${error.message}`))
  page.on('requestfailed', (request) => {
    // What the page no longer wants is aborted.
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') report(`failed: ${request.url()}`)
  })
  page.on('response', (response) => {
    if (response.status() >= 400) report(`${response.status()}: ${response.request().method()} ${response.url()}`)
  })
  await page.goto(url)
  return { page, context, problems }
}

/** Not its main module, which Node would run. */
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface AxeViolation {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
}

/** Nothing that axe-core calls serious or critical in WCAG 2.2 AA. */
export async function checkAccessibility(t: Test, { page }: Tab, what: string): Promise<void> {
  await page.evaluate(axe)
  const found = (await page.evaluate(
    `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })`
  )) as { readonly violations: readonly AxeViolation[] }
  const serious = found.violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  const list = serious.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => html + failureSummary)}`
  )
  t.strictSame(list, [], `${what}: nothing serious for axe-core`)
}

/** The page is not wider than the screen. */
export async function checkWidth(t: Test, { page }: Tab, what: string): Promise<void> {
  const [content = 0, screen = 0] = (await page.evaluate(
    '[document.documentElement.scrollWidth, document.documentElement.clientWidth]'
  )) as number[]
  t.ok(content <= screen, `${what}: ${content} pixels on a screen of ${screen}`)
}

/** Signs in with an API key, in either language. */
export async function signInWithKey({ page }: Tab, key: string): Promise<void> {
  await page.getByRole('button', { name: /Use an API key instead|API 키로 로그인/ }).click()
  await page.getByLabel(/API key|API 키/).fill(key)
  await page.getByRole('button', { name: /Use this key|이 키 사용/ }).click()
  await page.locator('nav#navigation').waitFor({ state: 'attached' })
}

/** Opens another page of the same tab, and waits until it has read what it shows. @param hash e.g. `#/plant?shell=…` */
export async function show({ page }: Tab, hash: string): Promise<void> {
  // The page before is there until the new address is noticed.
  await page.evaluate(`new Promise((resolve) => {
    const before = location.href
    addEventListener('hashchange', () => requestAnimationFrame(resolve), { once: true })
    location.hash = ${JSON.stringify(hash)}
    if (location.href === before) resolve()
  })`)
  await page.locator('.loading').first().waitFor({ state: 'detached' })
}

/** Keeps a picture in the folder that SCREENSHOTS names, for those who want to look. */
export async function screenshot({ page }: Tab, name: string): Promise<void> {
  const { SCREENSHOTS } = process.env
  if (SCREENSHOTS !== undefined) await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) })
}

/** As on a slower machine, by the factor that PAGE_SLOWDOWN names: what a test reads too early is found so. */
async function slowDown(page: Page): Promise<void> {
  const rate = Number(process.env.PAGE_SLOWDOWN ?? 1)
  if (rate <= 1) return
  const session = await page.context().newCDPSession(page)
  await session.send('Emulation.setCPUThrottlingRate', { rate })
}

async function launch(): Promise<Browser> {
  buildPage()
  const browser = await chromium.launch({
    ...(executable !== undefined && { executablePath: executable }),
    // As root in a container.
    args: ['--no-sandbox', '--disable-gpu', '--lang=en']
  })
  file.teardown(() => browser.close())
  return browser
}
