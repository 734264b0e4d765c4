/** A form as a browser posts it from a page that sends no referrer. */
export const form = (
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
) => ({
  method: 'POST',
  headers: {
    'content-type': 'application/x-www-form-urlencoded',
    accept: 'text/html',
    origin: 'null',
    'sec-fetch-site': 'same-origin',
    ...headers,
  },
  body: new URLSearchParams(fields),
})

/** The page of a decide URL. */
export async function pageAt(url: string) {
  const response = await fetch(url, { headers: { accept: 'text/html' } })
  return { response, text: await response.text() }
}

/** What its form carries; empty where the page has none. */
export const proofAt = async (url: string): Promise<string> =>
  / name="proof" value="([^"]+)"/.exec((await pageAt(url)).text)?.[1] ?? ''
