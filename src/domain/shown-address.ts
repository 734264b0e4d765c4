/** What a client of libpq takes in the address; ours does not, and says so. */
const secretMembers = ['password', 'sslpassword']

/** The address of a database to be shown: with `hidden`, or nothing, in place of its passwords. */
export function shownAddress(address: string, hidden = ''): string {
  if (!URL.canParse(address)) return hidden
  const url = new URL(address)
  // The rest of a password in which a `/`, `?` or `#` stands as it is.
  if (`${url.pathname}${url.search}${url.hash}`.includes('@')) return `${url.protocol}//${hidden}`
  url.password &&= hidden
  for (const name of secretMembers) {
    if (!url.searchParams.has(name)) continue
    if (hidden === '') url.searchParams.delete(name)
    else url.searchParams.set(name, hidden)
  }
  return url.href
}
