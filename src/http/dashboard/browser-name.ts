/** `Firefox on Linux` of what a browser calls itself (RFC 9110 section 10.1.5); a program by its first word. */
export function browserName(userAgent: string): string {
  const browser = nameIn(browsers, userAgent) ?? /^[\w.-]{1,40}/.exec(userAgent)?.[0]
  const system = nameIn(systems, userAgent)
  if (browser === undefined) return 'an unnamed browser'
  return system === undefined ? browser : `${browser} on ${system}`
}

type Names = readonly (readonly [mark: RegExp, name: string])[]

/** Each calls itself by the names of those below it, too. */
const browsers: Names = [
  [/\bEdgA?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/\bChrome\/|\bCriOS\/|\bHeadlessChrome\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
]
const systems: Names = [
  [/\bAndroid\b/, 'Android'],
  [/\biPhone\b|\biPad\b/, 'iOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
]

const nameIn = (names: Names, text: string): string | undefined =>
  names.find(([mark]) => mark.test(text))?.[1]
