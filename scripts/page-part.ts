/** What stands between the two comments of that name becomes `text`. */
export function withPart(page: string, name: string, text: string): string {
  const part = new RegExp(`(<!-- ${name}: [^>]*-->\\n)[\\s\\S]*?(\\n<!-- /${name} -->)`)
  return page.replace(part, (_, start, end) => start + text + end)
}
