/** Every page with the keyboard only (WCAG 2.2): focus is seen and never caught, targets are large enough, dialogs return it. */
import t from 'tap'
import { BASE, OPERATIONAL_DATA } from '../../scripts/demo/plant.ts'
import { start } from '../e2e/harness.ts'
import { NARROW, noBrowser, show, type Tab, withTab } from './browser.ts'
import { uploadPlant } from './upload-plant.ts'

const chart = new URLSearchParams({ series: JSON.stringify([[OPERATIONAL_DATA, 'CycleTime']]) })
const selected = (submodel: string) => new URLSearchParams({ shell: `${BASE}/aas/imm-01`, submodel })

const PAGES = [
  `plant?${selected(OPERATIONAL_DATA)}`,
  `plant?${selected(`${BASE}/sm/imm-01/nameplate`)}`,
  ...['upload', `charts?${chart}`, 'collection-points', 'connections', 'validation', 'compliance', 'documents'],
  ...['audit', 'access', 'system', 'system?view=settings']
]

/** More stops than any of these pages has. */
const MAX_STOPS = 250

interface FocusStop {
  readonly name: string
  readonly isSeen: boolean
  readonly isOnScreen: boolean
}

/** What has the focus; undefined: the document itself. */
const FOCUSED = `(() => {
  const element = document.activeElement
  if (element === null || element === document.body) return undefined
  // What moves the focus within itself marks its active item; a field in a group, the group.
  const item = document.getElementById(element.getAttribute('aria-activedescendant') ?? '')
  const marked = [element, item, element.parentElement, element.parentElement?.parentElement].filter(Boolean)
  const isMarked = marked.some((one) => {
    const style = getComputedStyle(one)
    return (style.outlineStyle !== 'none' && style.outlineWidth !== '0px') || style.boxShadow.includes('0px 0px 0px')
  })
  const { width, height, top, left, bottom, right } = element.getBoundingClientRect()
  // The button in a field for times is marked by the browser.
  const isOfBrowser = element.matches('input[type^=datetime]')
  const isOnScreen = bottom > 0 && right > 0 && top < innerHeight && left < innerWidth
  const name = element.tagName + ' ' + (element.getAttribute('aria-label') ?? element.textContent ?? '').trim().slice(0, 40)
  return { name, isSeen: (isMarked || isOfBrowser) && width > 0 && height > 0, isOnScreen }
})()`

/** Targets that are less than 24 pixels wide or high, and are no links within a text (2.5.8, with its exception for spacing). */
const SMALL_TARGETS = `(() => {
  const boxes = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [role=treeitem]')]
    .filter((element) => element.checkVisibility() && getComputedStyle(element).position !== 'fixed')
    // A field in its label is as large as the label.
    .map((element) => ({ element, box: (element.closest('label') ?? element).getBoundingClientRect() }))
    .filter(({ box }) => box.width > 1 && box.height > 1)
  const isInText = (element) =>
    element.matches('a') && getComputedStyle(element).display === 'inline'
  const isApart = (one) => boxes.every((other) => {
    if (other === one || other.element.contains(one.element) || one.element.contains(other.element)) return true
    const middle = ({ box }) => [box.left + box.width / 2, box.top + box.height / 2]
    const [x, y] = middle(one)
    const dx = Math.max(other.box.left - x, 0, x - other.box.right)
    const dy = Math.max(other.box.top - y, 0, y - other.box.bottom)
    return Math.hypot(dx, dy) >= 12
  })
  return boxes
    .filter(({ element, box }) => Math.min(box.width, box.height) < 23.5 && !isInText(element))
    .filter((one) => !isApart(one))
    .map(({ element, box }) => element.outerHTML.slice(0, 120) + ' ' + Math.round(box.width) + ' × ' + Math.round(box.height))
})()`

t.test('the page with the keyboard', { skip: noBrowser, timeout: 600_000 }, async (t) => {
  const hub = await start(t)
  await uploadPlant(hub)

  await t.test('focus passes through every page, is seen everywhere and caught nowhere', (t) =>
    withTab(t, hub.url, {}, async (tab) => {
      for (const page of PAGES) {
        await opened(tab, page)
        const stops = await walk(tab)
        t.ok(stops.length > 3, `${page}: ${stops.length} stops`)
        t.ok(stops.length < MAX_STOPS, `${page}: focus leaves it`)
        t.strictSame(
          stops.filter(({ isSeen, isOnScreen }) => !isSeen || !isOnScreen),
          [],
          `${page}: focus is seen`
        )
      }
    })
  )

  for (const viewport of [undefined, NARROW]) {
    await t.test(`targets are large enough ${viewport === undefined ? 'on a desk' : 'on a phone'}`, (t) =>
      withTab(t, hub.url, viewport === undefined ? {} : { viewport }, async (tab) => {
        for (const page of PAGES) {
          await opened(tab, page)
          t.strictSame(await tab.page.evaluate(SMALL_TARGETS), [], page)
        }
      })
    )
  }

  await t.test('a dialog keeps the focus, closes with Escape and returns it', (t) =>
    withTab(t, `${hub.url}/#/access?view=users`, {}, async ({ page }) => {
      const opener = page.getByRole('button', { name: 'New user' })
      await opener.focus()
      await page.keyboard.press('Enter')
      const dialog = page.getByRole('dialog')
      await dialog.waitFor()
      for (let stop = 0; stop < 30; stop++) {
        await page.keyboard.press('Tab')
        // Between the last and the first a browser shows its own controls, with the document itself as active element.
        const isInside = 'document.activeElement === document.body || document.activeElement.closest("dialog") !== null'
        t.ok(await page.evaluate(isInside))
      }
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
      t.ok(await opener.evaluate((element) => element.matches(':focus')), 'focus is where it was')
    })
  )
})

async function opened(tab: Tab, page: string): Promise<void> {
  await show(tab, `#/${page}`)
  await tab.page.getByRole('heading', { level: 1 }).waitFor()
}

/** By Tab, from the start of the document until the focus leaves it. */
async function walk({ page }: Tab): Promise<FocusStop[]> {
  await page.evaluate('document.activeElement?.blur(); getSelection()?.removeAllRanges(); scrollTo(0, 0)')
  await page.evaluate('document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute("tabindex")')
  const stops: FocusStop[] = []
  while (stops.length < MAX_STOPS) {
    await page.keyboard.press('Tab')
    const stop = (await page.evaluate(FOCUSED)) as FocusStop | undefined
    if (stop === undefined) break
    stops.push(stop)
  }
  return stops
}
