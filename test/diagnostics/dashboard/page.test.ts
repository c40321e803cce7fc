import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as nd from '../../../src/index.ts'

/** Where Chromium is: the environment's CHROMIUM, or the usual places. */
const executablePath = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
].find((path) => path !== undefined && existsSync(path))

describe.skipIf(!executablePath)(
  `page in a browser (${executablePath ?? 'no Chromium found: set CHROMIUM to its path'})`,
  () => {
    let browser: Browser
    let dashboard: nd.Dashboard
    let page: Page
    const troubles: string[] = []
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
      dashboard = await nd.dashboard()
      page = await browser.newPage({ viewport: { width: 1200, height: 900 } })
      page.on('console', (message) => troubles.push(message.text()))
      page.on('pageerror', (error) => troubles.push(String(error)))
      page.on('request', (request) => {
        if (!request.url().startsWith(dashboard.url) && !request.url().startsWith('data:')) troubles.push(request.url())
      })
      await page.goto(dashboard.url)
    })
    afterAll(async () => {
      await browser.close()
      await dashboard.close()
      await nd.shutdown()
    })
    const textOf = (selector: string): Promise<string> => page.locator(selector).first().innerText()

    it('tells that nothing has run yet', async () => {
      await page.getByText('Nothing has run yet').waitFor()
      expect(await textOf('#running')).toBe('idle')
    })
    it('draws while a computation runs, and shows the right counts in the end', async () => {
      const x = nd.random.random([2000, 2000], { chunks: 100 })
      const y = x.add(x.T).sub(x.mean(0))
      let totalTasks = 0
      // A reader that is slow keeps the computation running until the page has shown it.
      const blocks = y.compute({
        onEvent(event) {
          if (event.type === 'start') totalTasks = event.totalTasks
        },
      })
      let isSeen = false
      for await (const _ of blocks) {
        if (isSeen) continue
        await page.locator('article.running .bar > div').first().waitFor()
        isSeen = true
      }
      await page.locator('article.done').waitFor()
      expect(await textOf('article .facts')).toContain(
        `${totalTasks.toLocaleString('en')} of ${totalTasks.toLocaleString('en')} tasks`,
      )
      const counts = await page.locator('article tbody tr td.number:nth-child(3)').allInnerTexts()
      for (const text of counts) expect(text).toMatch(/^([\d,]+) \/ \1$/)
      const sum = counts.reduce((total, text) => total + Number(text.split(' ')[0].replaceAll(',', '')), 0)
      expect(sum).toBe(totalTasks)
      expect(await textOf('#finished')).toBe(`${totalTasks.toLocaleString('en')} tasks done`)
      expect(await textOf('#running')).toBe('idle')
    })
    it('draws the task stream, memory and throughput', async () => {
      const inks = await page.locator('canvas').evaluateAll((canvases) =>
        canvases.map((canvas) => {
          const { width, height } = canvas as HTMLCanvasElement
          const { data } = (canvas as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height)
          const colours = new Set<number>()
          for (let at = 0; at < data.length; at += 4)
            if (data[at + 3] === 255) colours.add(data[at] * 65_536 + data[at + 1] * 256 + data[at + 2])
          return colours.size
        }),
      )
      expect(inks).toHaveLength(3)
      // That of the lines behind it, and its own: a curve of level and upright lines has no others.
      for (const ink of inks) expect(ink).toBeGreaterThan(1)
    })
    it('tells of an error, as text', async () => {
      const broken = nd.ones([10], { chunks: 5 }).mapBlocks(
        () => {
          throw new RangeError('no <b>luck</b>')
        },
        { dtype: 'float64' },
      )
      await expect(broken.sum().compute()).rejects.toThrow('luck')
      await page.locator('.errors li').waitFor()
      expect(await textOf('.errors li')).toContain('no <b>luck</b>')
      expect(await page.locator('article.failed').count()).toBe(1)
    })
    it('shows the same to a page that comes later, narrow and dark, without a scroll bar below', async () => {
      const late = await browser.newPage({ viewport: { width: 390, height: 800 }, colorScheme: 'dark' })
      await late.goto(dashboard.url)
      await late.locator('article.done').waitFor()
      expect(await late.locator('article').count()).toBe(2)
      const [inner, outer] = await late.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
      expect(inner).toBeLessThanOrEqual(outer)
      expect(await late.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(22, 24, 28)')
      await late.close()
    })
    it('loads nothing from elsewhere and breaks no rule of its own', async () => {
      expect(troubles).toEqual([])
    })
    it('tells that the dashboard was closed', async () => {
      await dashboard.close()
      await page.getByText('The dashboard was closed').waitFor()
    })
  },
)
