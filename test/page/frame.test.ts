import t from 'tap'
import { plant } from '../../scripts/demo/plant.ts'
import { start } from '../e2e/harness.ts'
import { checkAccessibility, checkWidth, DESKTOP, NARROW, noBrowser, screenshot, withTab } from './browser.ts'

t.test('the page', { skip: noBrowser }, async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', plant().submodels?.[0])

  for (const language of ['en', 'ko'] as const) {
    for (const theme of ['light', 'dark'] as const) {
      for (const viewport of [DESKTOP, NARROW]) {
        const name = `frame-${language}-${theme}-${viewport.width}`
        await t.test(`opens at / in ${language}, ${theme}, ${viewport.width} pixels wide`, (t) =>
          withTab(t, hub.url, { language, theme, viewport }, async (tab) => {
            await tab.page.getByRole('heading', { level: 1 }).waitFor()
            t.equal(await tab.page.locator('html').getAttribute('lang'), language)
            t.equal(await tab.page.locator('html').getAttribute('data-theme'), theme)
            await checkAccessibility(t, tab, name)
            await checkWidth(t, tab, name)
            await screenshot(tab, name)
          })
        )
      }
    }
  }
})
