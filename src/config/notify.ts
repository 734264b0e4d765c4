import { createHash } from 'node:crypto'
import { callableBy, literalAddress, parseCallbackUrl } from '../auth/addresses.ts'
import { reasonOf } from '../domain/error.ts'
import { isLoopback } from '../domain/loopback.ts'
import { nearest } from '../domain/nearest.ts'
import { type NoticeReceiver, readyTemplates } from '../domain/notice.ts'
import { minSecretLength } from '../domain/verify.ts'
import { compileTemplate } from '../payload/template.ts'
import { buildHeaders } from './notify-headers.ts'
import { type ConfigPath, pathText } from './problem.ts'
import type { ConfigDocument } from './schema.ts'
import { type BuildDeps, checkSecret, resolveSecrets, type SecretCheck } from './secrets.ts'
import type { ServerConfig } from './types.ts'

type WrittenRule = NonNullable<ConfigDocument['notify']>[number]

interface NotifyContext {
  readonly deps: BuildDeps
  readonly check: SecretCheck
  readonly callbacks: ServerConfig['callbacks']
  /** What signs where a rule names no secret. */
  readonly fallback: readonly string[]
}

/** The rules of `notify` with their defaults; complains of addresses, templates and secrets that do not work. */
export async function buildNotify(
  written: readonly WrittenRule[],
  context: NotifyContext,
): Promise<readonly NoticeReceiver[]> {
  const rules = await Promise.all(written.map((rule, i) => buildRule(rule, ['notify', i], context)))
  const names = rules.map(({ name }) => name)
  names.forEach((name, i) => {
    const first = names.indexOf(name)
    if (first === i) return
    const why =
      written[i]?.name === undefined
        ? `says the same as ${pathText(['notify', first])}`
        : `is also called as ${pathText(['notify', first])}`
    context.check.complain(['notify', i, 'name'], why)
  })
  return rules
}

async function buildRule(
  written: WrittenRule,
  at: ConfigPath,
  context: NotifyContext,
): Promise<NoticeReceiver> {
  const { deps, check } = context
  const { on, session = '*', template } = written
  const [url = ''] = await resolveSecrets(written.url, [...at, 'url'], deps)
  const headers = written.headers && (await buildHeaders(written.headers, [...at, 'headers'], deps, check))
  const secrets = await resolveSecrets(written.secret, [...at, 'secret'], deps)
  if (url !== '') checkUrl(url, at, context)
  for (const secret of secrets)
    if (secret !== '') checkSecret(secret, [...at, 'secret'], minSecretLength, check)
  if (template === undefined && secrets.length === 0 && context.fallback.length === 0)
    check.warn(`${pathText(at)} has no secret: its receiver cannot tell whether a notice is ours.`)
  if (template !== undefined) checkTemplate(template, [...at, 'template'], check)
  return {
    name: written.name ?? nameOf(url, on, session),
    on,
    session,
    url,
    ...(template !== undefined && { template }),
    ...(headers && { headers }),
    secrets: secrets.filter((secret) => secret !== ''),
  }
}

const longestUrl = 2048

function checkUrl(text: string, at: ConfigPath, { check, callbacks }: NotifyContext): void {
  const place = [...at, 'url']
  const url = text.length > longestUrl ? undefined : parseCallbackUrl(text)
  const address = url && literalAddress(url)
  if (!url)
    check.complain(
      place,
      `must be an http or https URL without credentials, at most ${longestUrl} characters long`,
    )
  else if (address !== undefined && !callableBy(() => callbacks.allow)(address, url.hostname))
    check.complain(place, 'names an address that is not public; server.callbacks.allow can permit it')
  else if (url.protocol === 'http:' && !isLoopback(url.hostname) && !callbacks.allow.includes(url.hostname))
    check.warn(`${pathText(place)} is http: everybody on the way can read what is told.`)
}

function checkTemplate(template: string, at: ConfigPath, { complain }: SecretCheck): void {
  if (readyTemplates.some((name) => name === template)) return
  if (/^[\w-]+$/.test(template)) complain(at, `is no ready template; ${hintFor(template)}`)
  try {
    compileTemplate(template)
  } catch (thrown) {
    complain(at, reasonOf(thrown))
  }
}

function hintFor(template: string): string {
  const near = nearest(template, readyTemplates)
  return near === undefined ? `ready ones are ${readyTemplates.join(', ')}` : `did you mean "${near}"?`
}

/** Its host, and what tells it from others there without showing the rest of a URL that may be a secret. */
function nameOf(url: string, on: readonly string[], session: string): string {
  const host = URL.canParse(url) ? new URL(url).hostname : 'receiver'
  const rest = JSON.stringify([url, on, session])
  return `${host}-${createHash('sha256').update(rest).digest('hex').slice(0, 6)}`
}
