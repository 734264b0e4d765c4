import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { seriousFlaws, smallTargets } from './browser.ts'
import { unseenFocus } from './focus-rings.ts'

/** The rules whose outcome a theme or a width can change. */
const ofLooks = ['color-contrast', 'link-in-text-block', 'scrollable-region-focusable']

/** In which order a page is looked at: all rules where what is shown differs most, then those of looks. */
const looks = [
  { width: 390, colorScheme: 'light', rules: undefined },
  { width: 820, colorScheme: 'light', rules: ofLooks },
  { width: 1280, colorScheme: 'light', rules: undefined },
  { width: 1920, colorScheme: 'light', rules: ofLooks },
  { width: 1920, colorScheme: 'dark', rules: ofLooks },
  { width: 1280, colorScheme: 'dark', rules: ofLooks },
  { width: 820, colorScheme: 'dark', rules: ofLooks },
  { width: 390, colorScheme: 'dark', rules: ofLooks },
] as const

/**
 * Asserts that the page has no serious flaw for anybody, fits every width, shows where the focus is and can be touched. Neither a theme nor a width asks for it
 * again: what is open is looked at in all of them.
 */
export async function isUsable(page: Page, address: string, { touch = true } = {}): Promise<void> {
  await page.setViewportSize({ width: 390, height: 844 })
  await page.goto(address)
  for (const { width, colorScheme, rules } of looks) {
    await page.setViewportSize({ width, height: 844 })
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    assert.deepEqual(await seriousFlaws(page, rules), [], `${address} ${width} ${colorScheme}`)
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, address)
  }
  if (touch) assert.deepEqual(await smallTargets(page), [], address)
  assert.deepEqual(await unseenFocus(page), [], address)
  await page.setViewportSize({ width: 1280, height: 844 })
  await page.emulateMedia({ colorScheme: 'light' })
  assert.deepEqual(await unseenFocus(page), [], address)
}
