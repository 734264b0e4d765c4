import { createHash } from 'node:crypto'

/** A file that goes to browsers as it is. */
export interface Asset {
  readonly type: 'text/css' | 'text/javascript' | 'image/svg+xml'
  readonly text: string
  /** Changes whenever the text does. */
  readonly tag: string
}

export const assetOf = (type: Asset['type'], text: string): Asset => ({
  type,
  text,
  tag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 16)}"`,
})

/** The file, or 304 for a browser that has it already. */
export function assetResponse(request: Request, { type, text, tag }: Asset): Response {
  const headers = { 'cache-control': 'no-cache', etag: tag, 'x-content-type-options': 'nosniff' }
  return request.headers.get('if-none-match') === tag
    ? new Response(null, { status: 304, headers })
    : new Response(text, { headers: { ...headers, 'content-type': `${type}; charset=utf-8` } })
}
