/**
 * `npm run screenshots`: makes the pictures of the page in docs/images again, from the sample plant, with Debian's Chromium
 * or the one that CHROMIUM names.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { readConfig } from '../src/config/config.ts'
import { createServer } from '../src/server.ts'
import { startMachine } from './demo/opcua-machine.ts'
import { uploadPictures } from './demo/pictures.ts'
import { BASE, OPERATIONAL_DATA, plant } from './demo/plant.ts'

const IMAGES = join(import.meta.dirname, '../docs/images')

interface Picture {
  /** Behind the `#` of the address. */
  readonly page: string
  readonly language: 'en' | 'ko'
  readonly theme: 'light' | 'dark'
  readonly width: number
  readonly height: number
  /** What is to be seen before the picture is made. */
  readonly shows: string
}

const DESKTOP = { width: 1120, height: 700 }
const PHONE = { width: 390, height: 760 }

const chart = new URLSearchParams({ series: JSON.stringify([[OPERATIONAL_DATA, 'CycleTime']]), last: '3600' })
const selected = (submodel: string) => new URLSearchParams({ shell: `${BASE}/aas/imm-01`, submodel })

const pictures: Readonly<Record<string, Picture>> = {
  'page-values': {
    ...{ page: `/plant?${selected(OPERATIONAL_DATA)}`, language: 'en', theme: 'light', ...DESKTOP },
    shows: '[data-path=CycleTime] .value'
  },
  'page-nameplate-ko': {
    ...{ page: `/plant?${selected(`${BASE}/sm/imm-01/nameplate`)}`, language: 'ko', theme: 'dark', ...PHONE },
    shows: '.nameplate-marking >> nth=1'
  },
  'page-chart': { page: `/charts?${chart}`, language: 'en', theme: 'dark', ...DESKTOP, shows: 'canvas' },
  'page-connections': {
    ...{ page: '/connections', language: 'en', theme: 'light', ...DESKTOP, height: 860 },
    shows: '.machines .badge.good >> nth=0'
  },
  'page-system-ko': { page: '/system', language: 'ko', theme: 'light', ...DESKTOP, shows: '.sparkline path[d*=L]' }
}

const directory = await mkdtemp(join(tmpdir(), 'aas-hub-screenshots-'))
const machine = await startMachine()
const { config, given } = readConfig({
  ...{ PORT: '0', LOG_LEVEL: 'error', DATA_DIR: directory },
  COLLECT_TARGETS: machine.url.replace('opc.tcp://', '')
})
const server = await createServer(config, { given })
const url = await server.listen()
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu']
})
try {
  await fill()
  for (const [name, picture] of Object.entries(pictures)) await take(browser, name, picture)
} finally {
  await browser.close()
  await server.close()
  await machine.close()
  await rm(directory, { recursive: true, force: true })
}

async function take(browser: Browser, name: string, { page: path, language, theme, shows, ...viewport }: Picture) {
  const context = await browser.newContext({
    ...{ viewport, locale: language, colorScheme: theme, timezoneId: 'Asia/Seoul', reducedMotion: 'reduce' }
  })
  const page = await context.newPage()
  await page.goto(`${url}/#${path}`)
  await page.locator(shows).first().waitFor({ state: 'attached' })
  await page.waitForLoadState('networkidle').catch(() => {})
  await page.screenshot({ path: join(IMAGES, `${name}.png`) })
  console.log(`docs/images/${name}.png`)
  await context.close()
}

/** The plant with its pictures, an hour of samples, a machine that is read, and a gateway that sends for one that is not there. */
async function fill(): Promise<void> {
  const form = new FormData()
  form.append('file', new Blob([JSON.stringify(plant())], { type: 'application/json' }), 'plant.json')
  const api = url + config.API_PREFIX
  await send(`${api}/upload`, { body: form })
  await uploadPictures(api)
  await readMachine(api)
  const now = Date.now()
  const samples = Array.from({ length: 3600 }, (_, second) => {
    const wave = Math.sin(second / 300) / 4 + Math.sin(second * second) / 12
    const isHot = second > 2400 && second < 2550
    return {
      ...{ submodel: OPERATIONAL_DATA, path: 'CycleTime', time: now - (3600 - second) * 1000 },
      ...{ value: Number((12.6 + wave + (isHot ? 1.4 : 0)).toFixed(2)), quality: isHot ? 'uncertain' : 'good' }
    }
  })
  await send(`${url}/ingest`, { body: JSON.stringify(samples), headers: { 'content-type': 'application/json' } })
  await send(`${url}/write?precision=ms`, { body: `imm-02,submodel=${BASE}/sm/imm-02/operational-data CycleTime=12.1` })
}

/** By an open channel, as no certificate is trusted yet. */
async function readMachine(api: string): Promise<void> {
  const wanted = { address: machine.url, security: 'none', idBase: `${BASE}/example-machine`, sampling: 0.5 }
  const headers = { 'content-type': 'application/json' }
  const found = await send(`${url}/connections/discover`, { body: JSON.stringify(wanted), headers })
  const { environment } = (await found.json()) as { readonly environment: object }
  const form = new FormData()
  form.append('file', new Blob([JSON.stringify(environment)], { type: 'application/json' }), 'machine.json')
  await send(`${api}/upload`, { body: form })
}

function send(address: string, request: RequestInit): Promise<Response> {
  return fetch(address, { method: 'POST', ...request })
}
