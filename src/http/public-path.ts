import { escapeHtml } from './dashboard/escape.ts'

/**
 * The path of the public URL, which a proxy takes off before it hands a request on: without a slash at the end, '' where there
 * is none, and for who asks by another name and so past that proxy. Some proxies hand on the name without its port.
 */
export function publicPath(publicUrl: string | undefined, request: Request): string {
  if (publicUrl === undefined) return ''
  const { host, hostname, pathname } = new URL(publicUrl)
  const asked = request.headers.get('host')?.toLowerCase()
  if (asked !== host && asked !== hostname) return ''
  // A cookie's Path ends at a semicolon.
  return pathname.replace(/\/+$/, '').replaceAll(';', '%3B')
}

/** What the browser is to follow in our pages begins at the root. What others wrote is escaped: it holds no quote. */
const links =
  /(\s(?:href|src|action|formaction|data-live|data-choose|data-screen|data-copy-from)="|\scontent="0;url=)(?=\/(?!\/))/g

/** A page or a redirect as it must be below that path. Our routes know nothing of it. */
export async function belowPath(path: string, response: Response): Promise<Response> {
  if (path === '') return response
  const { status, headers } = response
  const location = headers.get('location')
  if (location?.startsWith('/')) headers.set('location', path + location)
  if (headers.get('content-type')?.startsWith('text/html') !== true) return response
  const html = (await response.text()).replace(links, (before) => before + escapeHtml(path))
  return new Response(html, { status, headers })
}
