/** What stands between the two comments of that name becomes `text`. Throws for a page without them. */
export function withPart(page: string, name: string, text: string): string {
  const part = new RegExp(`(<!-- ${name}: [^>]*-->\\n)[\\s\\S]*?(<!-- /${name} -->)`)
  if (!part.test(page)) throw new Error(`The page has no part "${name}".`)
  return page.replace(part, (_, start, end) => `${start}${text}\n${end}`)
}
