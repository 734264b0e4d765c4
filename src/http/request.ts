/** Longest time a caller may wait for an outcome, in seconds; below the idle limit of every runtime. */
export const longestWaitSeconds = 240

/** The bearer token of an Authorization header (RFC 6750), or undefined when there is none of that scheme. */
export function bearerOf(request: Request): string | undefined {
  const header = request.headers.get('authorization')
  if (header === null) return undefined
  return /^bearer /i.test(header) ? header.slice(7).trim() : ''
}

/** `Prefer: wait=N` (RFC 7240 section 4.3) in milliseconds; undefined when it is not asked for or not a number. */
export function preferredWaitMs(request: Request): number | undefined {
  const prefer = request.headers.get('prefer')
  if (prefer === null) return undefined
  if (prefer === 'wait=0') return 0
  const asked = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,9})"?/i.exec(prefer)?.[1]
  if (asked === undefined) return /(?:^|[,;\s])respond-async\b/i.test(prefer) ? 0 : undefined
  return Math.min(Number(asked), longestWaitSeconds) * 1000
}

/** Whether a body was announced that nobody has read, so that it may still be on its way. */
export const awaitsBody = ({ headers, bodyUsed }: Request): boolean =>
  !bodyUsed && ((headers.get('content-length') ?? '0') !== '0' || headers.has('transfer-encoding'))

/** The raw path of a request, exactly as it was sent: never percent-decoded. */
export function rawPath(request: Request): string {
  const { url } = request
  const from = url.indexOf('/', url.indexOf('://') + 3)
  if (from < 0) return '/'
  const to = url.search(/[?#]/)
  return to < 0 ? url.slice(from) : url.slice(from, to)
}

const longestKeptValue = 512

/**
 * The named headers that are there, cut to 512 characters. An allow list: what is not named may be a credential.
 * Asking for few names costs less than walking over all that came.
 */
export function headersToKeep(request: Request, names: readonly string[]): Readonly<Record<string, string>> {
  const kept: Record<string, string> = {}
  for (const name of names) {
    const value = request.headers.get(name)
    if (value !== null) kept[name] = value.slice(0, longestKeptValue)
  }
  return kept
}

/** Worth keeping with a knock at a capability URL. */
export const knockHeaders: readonly string[] = ['user-agent', 'x-request-id', 'traceparent']

/** Worth keeping with another system's webhook: what it was, and which one. */
export const webhookHeaders: readonly string[] = [
  ...knockHeaders,
  'x-github-event',
  'x-github-delivery',
  'x-github-hook-id',
  'x-gitlab-event',
  'x-gitlab-event-uuid',
  'x-gitea-event',
  'x-gitea-delivery',
  'x-event-key',
  'x-request-uuid',
  'webhook-id',
  'webhook-timestamp',
  'svix-id',
  'svix-timestamp',
  'x-shopify-topic',
  'x-shopify-webhook-id',
  'sentry-hook-resource',
  'linear-event',
  'linear-delivery',
  'x-slack-request-timestamp',
  'x-slack-retry-num',
]
