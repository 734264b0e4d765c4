import { builtInHooks, type Hook, sessionOfHook } from '../../domain/hook.ts'
import { dayMs } from '../../domain/moment.ts'
import { type Pause, pausedSince, pauseOfHook } from '../../domain/pause.ts'
import type { Refusal } from '../../domain/refusal.ts'
import { proofWords, senderOf } from '../../inbound/proof.ts'
import type { createLastKnocks } from './hook/last-knocks.ts'
import { grouped, type Hooks, type Page, type Tone, timeView, toneOf } from './page.ts'
import type { RefusedDeps } from './refused.ts'
import { textareaHtml } from './templates.ts'

/** Every hook of the configuration, and the two built-in ones: whom each is for, when it was last used, what it refused today. */
export async function hooksPage(
  deps: RefusedDeps,
  lastKnocks: ReturnType<typeof createLastKnocks>,
  secret: () => string,
): Promise<Page> {
  const hooks = deps.hooks()
  const since = deps.now() - dayMs
  const names = [...hooks.hooks.map(({ name }) => name), ...builtInHooks]
  const [pauses, refused, knocks] = await Promise.all([
    deps.store.listPauses(),
    deps.refusals({ limit: 1000, since }),
    lastKnocks(names),
  ])
  const facts = { hooks, pauses, refused: refusedOf(refused), knocks }
  const none = hooks.hooks.length === 0
  return {
    template: 'hooks',
    title: 'Hooks',
    section: 'hooks',
    live: '/dashboard/hooks',
    view: {
      enabled: hooks.enabled,
      none,
      hooks: [...hooks.hooks.map((hook) => rowOf(facts, hook)), ...builtIn(facts)],
      example: none ? textareaHtml(exampleConfig('…')) : null,
    },
    // Another secret at each look: shown to who opens the page, and no change of it.
    ...(none && { atOnce: async () => ({ example: textareaHtml(exampleConfig(secret())) }) }),
  }
}

interface Facts {
  readonly hooks: Hooks
  readonly pauses: readonly Pause[]
  /** Of the last day, by hook. */
  readonly refused: ReadonlyMap<string, number>
  readonly knocks: ReadonlyMap<string, number | null>
}

function refusedOf(refusals: readonly Refusal[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { code, hook } of refusals)
    if (code !== 'ignored' && hook !== undefined) counts.set(hook, (counts.get(hook) ?? 0) + 1)
  return counts
}

const rowOf = (facts: Facts, hook: Hook) => ({
  ...commonOf(facts, hook.name, hook.active),
  href: addressOfHook(hook.name),
  path: hook.path,
  session: sessionOfHook(hook, facts.hooks.sessions),
  sender: senderOf(hook) ?? 'any sender',
  proof: proofWords(hook),
})

const builtIn = (facts: Facts) =>
  builtInHooks.map((name) => ({
    ...commonOf(facts, name, true),
    href: null,
    path: `/api/hooks/${name}`,
    session: facts.hooks.sessions[name === 'wake' ? 'wake' : 'agent'],
    sender: 'built in',
    proof: 'bearer secret',
  }))

function commonOf({ hooks, pauses, refused, knocks }: Facts, name: string, active: boolean) {
  const last = knocks.get(name) ?? null
  const count = refused.get(name) ?? 0
  const state = stateOfHook(hooks.enabled && active, name, pauses)
  return {
    name,
    ...state,
    act: state.isPaused ? 'resume' : 'pause',
    actLabel: state.isPaused ? 'Resume' : 'Pause',
    action: `${addressOfHook(name)}/${state.isPaused ? 'resume' : 'pause'}`,
    deliveries: `/dashboard?${new URLSearchParams({ hook: name })}`,
    last: last === null ? null : timeView(last),
    refused: count === 0 ? null : grouped(count),
  }
}

/** Where one sees a hook: a built-in one has no page of its own, but a row in the list. */
export const hrefOfHook = (name: string): string =>
  builtInHooks.includes(name) ? `/dashboard/hooks#hook-${name}` : addressOfHook(name)

export const addressOfHook = (name: string): string => `/dashboard/hooks/${encodeURIComponent(name)}`

interface HookState {
  readonly state: 'Off' | 'Paused' | 'Active'
  readonly tone: Tone
  readonly isPaused: boolean
}

export function stateOfHook(active: boolean, name: string, pauses: readonly Pause[]): HookState {
  const isPaused = pausedSince(pauses, pauseOfHook(name)) !== undefined
  if (!active) return { state: 'Off', tone: 'plain', isPaused }
  return isPaused
    ? { state: 'Paused', tone: toneOf('paused'), isPaused }
    : { state: 'Active', tone: 'taken', isPaused }
}

/** A configuration file that makes one hook, as it stands. */
const exampleConfig = (secret: string): string =>
  JSON.stringify(
    { webhooks: { enabled: true, secret, hooks: { github: { preset: 'github', session: 'default' } } } },
    undefined,
    2,
  )
