import type { Page } from 'playwright-core'

/** What somebody at a keyboard could reach without seeing that it has the focus: no ring, a faint one, or one that is cut off. */
export async function unseenFocus(page: Page): Promise<readonly string[]> {
  // A ring is for who uses the keyboard.
  await page.keyboard.press('Tab')
  return page.evaluate(() => {
    const reachable = 'a[href], button, select, textarea, summary, input:not([type=hidden]), [tabindex]'
    type Color = readonly [red: number, green: number, blue: number, alpha: number]
    const colorOf = (text: string): Color => {
      const [red = 0, green = 0, blue = 0, alpha = 1] = (text.match(/[\d.]+/g) ?? []).map(Number)
      return [red, green, blue, alpha]
    }
    const light = ([red, green, blue]: Color) => {
      const [r = 0, g = 0, b = 0] = [red, green, blue].map((part) => {
        const share = part / 255
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
      })
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const contrast = (one: Color, other: Color) => {
      const [less = 0, more = 0] = [light(one), light(other)].sort((a, b) => a - b)
      return (more + 0.05) / (less + 0.05)
    }
    /** What is seen behind it: a tint is mixed with what is behind that. */
    const groundOf = (element: Element | null): Color => {
      if (!element) return [255, 255, 255, 1]
      const [red, green, blue, alpha] = colorOf(getComputedStyle(element).backgroundColor)
      if (alpha === 1) return [red, green, blue, 1]
      const [r, g, b] = groundOf(element.parentElement)
      const mixed = (over: number, under: number) => over * alpha + under * (1 - alpha)
      return [mixed(red, r), mixed(green, g), mixed(blue, b), 1]
    }
    /** How far it reaches over the box it is around; undefined without a ring. */
    const ringOf = ({ outlineStyle, outlineWidth, outlineOffset, outlineColor }: CSSStyleDeclaration) =>
      outlineStyle === 'none' || Number.parseFloat(outlineWidth) < 2
        ? undefined
        : {
            color: colorOf(outlineColor),
            reach: Number.parseFloat(outlineOffset) + Number.parseFloat(outlineWidth),
          }
    /** Whether not a pixel of it is seen on some side. What is positioned is cut by what it is positioned in, and by what is around that. */
    const isCut = (control: Element, reach: number) => {
      const { left, right, top, bottom } = control.getBoundingClientRect()
      if (left - reach + 1 < 0 || right + reach - 1 > document.documentElement.clientWidth) return true
      let { position } = getComputedStyle(control)
      for (let around = control.parentElement; around; around = around.parentElement) {
        if (position === 'fixed' || around === document.body) return false
        const style = getComputedStyle(around)
        if (position === 'absolute' && style.position === 'static') continue
        position = style.position
        const box = around.getBoundingClientRect()
        const far =
          reach - 1 - (style.overflow.includes('clip') ? Number.parseFloat(style.overflowClipMargin) || 0 : 0)
        if (style.overflowX !== 'visible' && (left - far < box.left || right + far > box.right)) return true
        if (style.overflowY !== 'visible' && (top - far < box.top || bottom + far > box.bottom)) return true
      }
      return false
    }
    const flawOf = (control: HTMLElement): string | undefined => {
      const slot = control.querySelector('svg .slot, .slot')
      if (slot && getComputedStyle(slot).strokeWidth === '2px') return undefined
      const own = ringOf(getComputedStyle(control))
      const inner = ringOf(getComputedStyle(control, '::before'))
      const ring = own ?? inner
      if (!ring) return 'no ring'
      const seen = contrast(ring.color, groundOf(ring.reach <= 0 ? control : control.parentElement))
      if (seen < 3) return `a ring of contrast ${seen.toFixed(1)}`
      return own && isCut(control, own.reach) ? 'a ring that is cut off' : undefined
    }
    const flaws: string[] = []
    for (const control of document.querySelectorAll<HTMLElement>(reachable)) {
      if (control.tabIndex < 0) continue
      control.focus()
      if (document.activeElement !== control) continue
      control.scrollIntoView({ block: 'center' })
      const flaw = flawOf(control)
      if (flaw !== undefined) flaws.push(`${flaw}: ${control.outerHTML.slice(0, 120)}`)
    }
    return flaws
  })
}
