import type { Delivery } from '../../domain/delivery.ts'
import { Failure } from '../../domain/error.ts'
import { withoutFence } from '../../domain/fence.ts'
import { type Hook, sessionOfHook } from '../../domain/hook.ts'
import { type Pause, pausedSince, pauseOfHook } from '../../domain/pause.ts'
import type { Sample } from '../../inbound/rehearse.ts'
import { iso, recordView } from '../../manage/views.ts'
import { exampleFor } from '../openapi/example.ts'
import { operationIdOf } from '../openapi/hook-operation.ts'
import { type Hooks, longestPayload, type Page, type PageDeps, shortened, shortTime, toneOf } from './page.ts'
import { preview } from './preview.ts'
import { textareaHtml } from './templates.ts'

/** Every hook of the configuration, and the two built-in ones. */
export async function hooksPage(deps: PageDeps): Promise<Page> {
  const hooks = deps.hooks()
  const pauses = await deps.store.listPauses()
  return {
    template: 'hooks',
    title: 'Hooks',
    section: 'hooks',
    live: '/dashboard/hooks',
    view: {
      enabled: hooks.enabled,
      hooks: [...builtIn(hooks, pauses), ...hooks.hooks.map((hook) => rowOf(hooks, hook, pauses))],
    },
  }
}

/** What is tried out: another template than the configured one, another payload than the newest. */
export interface Trial {
  /** Unguessable, for the fence of one message. */
  readonly nonce: string
  /** Where senders find this server. */
  readonly base: string
  readonly template?: string
  /** A delivery's id, or empty for an example made from the template. */
  readonly delivery?: string
}

/** One hook, and what it makes of a stored payload. Throws `not_found`. */
export async function hookPage(deps: PageDeps, name: string, trial: Trial): Promise<Page> {
  const hooks = deps.hooks()
  const hook = hooks.hooks.find((candidate) => candidate.name === name)
  if (!hook) throw new Failure('not_found', 'There is no hook of that name in the configuration.')
  const source = trial.template ?? hook.template ?? ''
  const tried = withTemplate(hook, source)
  const stored = await deps.store.listDeliveries({ hook: name, limit: 20 })
  const chosen = trial.delivery ?? stored[0]?.id ?? ''
  const sample = await sampleOf(deps, tried, stored.find(({ id }) => id === chosen)?.id)
  const result = await preview(tried, sample, trial.nonce)
  return {
    template: 'hook',
    title: `Hook ${name}`,
    section: 'hooks',
    view: {
      ...{ name, self: `/dashboard/hooks/${encodeURIComponent(name)}`, preset: hook.preset ?? null },
      ...stateOf(hooks.enabled && hook.active, name, await deps.store.listPauses()),
      facts: factsOf(hooks, hook),
      deliveries: deliveriesOf(name),
      explorer: `/docs#/Hooks/${operationIdOf(hook)}`,
      ...curlOf(hook, trial.base),
      template: textareaHtml(source),
      payloads: choicesOf(stored, chosen),
      text: result.kind === 'message' ? result.text : null,
      warning: (result.kind === 'message' && result.warning) || null,
      trouble: result.kind === 'trouble' ? result.why : null,
      sample: shortened(Buffer.from(sample.payload).toString('utf8'), longestPayload),
    },
  }
}

const choicesOf = (stored: readonly Delivery[], chosen: string) => [
  ...stored.map(({ id, receivedAt, state, message }) => ({
    value: id,
    label: `${shortTime(iso(receivedAt))} ${state} ${shortened(withoutFence(message), 60)}`,
    selected: id === chosen,
  })),
  { value: '', label: 'an example made from the template', selected: chosen === '' },
]

/** An empty template leaves the message to the preset, where there is one. */
function withTemplate(hook: Hook, source: string): Hook {
  const { template: _, ...rest } = hook
  return source === '' && hook.preset !== undefined ? rest : { ...rest, template: source }
}

async function sampleOf(
  deps: PageDeps,
  hook: Hook,
  id: Parameters<typeof deps.store.inspectDelivery>[0] | undefined,
): Promise<Sample> {
  const record = id && (await deps.store.inspectDelivery(id))
  if (record?.payload)
    return {
      payload: record.payload,
      headers: { ...recordView(record).headers, 'content-type': record.contentType ?? '' },
    }
  const { body, headers } = exampleFor(hook)
  return {
    payload: Buffer.from(JSON.stringify(body, undefined, 2)),
    headers: { ...headers, 'content-type': 'application/json' },
  }
}

const builtIn = ({ enabled, sessions }: Hooks, pauses: readonly Pause[]) =>
  [
    { name: 'wake', action: 'wake', session: sessions.wake },
    { name: 'agent', action: 'agent', session: sessions.agent },
  ].map((hook) => ({
    ...hook,
    href: null,
    path: `/api/hooks/${hook.name}`,
    proof: 'bearer',
    deliveries: deliveriesOf(hook.name),
    ...stateOf(enabled, hook.name, pauses),
  }))

const rowOf = (hooks: Hooks, hook: Hook, pauses: readonly Pause[]) => ({
  name: hook.name,
  href: `/dashboard/hooks/${encodeURIComponent(hook.name)}`,
  path: hook.path,
  action: hook.action,
  session: sessionOfHook(hook, hooks.sessions),
  proof: hook.verify.scheme,
  deliveries: deliveriesOf(hook.name),
  ...stateOf(hooks.enabled && hook.active, hook.name, pauses),
})

const deliveriesOf = (hook: string): string => `/dashboard?${new URLSearchParams({ hook })}`

/** A command line that sends the hook's example; the secret stays a variable. */
function curlOf(hook: Hook, base: string) {
  const { body, headers } = exampleFor(hook)
  const isOpen = hook.verify.scheme === 'bearer' && hook.verify.header === undefined
  const lines = [
    `curl -X POST ${quoted(base + hook.path)}`,
    ...(isOpen ? ['-H "authorization: Bearer $SECRET"'] : []),
    `-H 'content-type: application/json'`,
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    `-d ${quoted(JSON.stringify(body))}`,
  ]
  return { curl: lines.join(' \\\n  '), signed: !isOpen }
}

/** One argument for a POSIX shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

function stateOf(active: boolean, name: string, pauses: readonly Pause[]) {
  if (!active) return { state: 'off', tone: 'plain' }
  const isPaused = pausedSince(pauses, pauseOfHook(name)) !== undefined
  return isPaused ? { state: 'paused', tone: toneOf('paused') } : { state: 'active', tone: 'taken' }
}

function factsOf(hooks: Hooks, hook: Hook) {
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Path', hook.path],
    ['Session', sessionOfHook(hook, hooks.sessions)],
    ['Action', hook.action],
    ['Skill', hook.skill],
    ['From', hook.from],
    ['Instruction', hook.instruction],
    ['Fence', hook.fence ? 'around the text' : undefined],
    ['Preset', hook.preset],
    ['Proof', hook.verify.scheme],
    ['Filter', hook.filter && JSON.stringify(hook.filter)],
    ['Largest body', `${hook.maxBodyBytes.toLocaleString('en')} bytes`],
  ]
  return facts.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]))
}
