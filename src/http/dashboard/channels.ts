import { type Grant, type GrantState, mintableVerbs, stateWord, verbs } from '../../domain/grant.ts'
import { builtInHooks } from '../../domain/hook.ts'
import type { MintOrder } from '../../manage/grants.ts'
import { grantView, type MintView } from '../../manage/views.ts'
import { type Page, type PageDeps, shortTime, shortTimeOrNull, type Tone } from './page.ts'
import { textareaHtml } from './templates.ts'

const mostShown = 200

const ttls: readonly { readonly value: string; readonly label: string }[] = [
  { value: '', label: 'the default time' },
  { value: '3600', label: '1 hour' },
  { value: '86400', label: '1 day' },
  { value: '604800', label: '7 days' },
  { value: '7776000', label: '90 days' },
  { value: 'never', label: 'ever, until revoked' },
]

/** The form that mints, and every grant; after a mint also its URL, this once. */
export async function channelsPage(
  { store, now, hooks }: PageDeps,
  { minted, session }: { readonly minted?: MintView; readonly session?: string | null } = {},
): Promise<Page> {
  const [sessions, grants] = await Promise.all([store.listSessions(), store.listGrants({})])
  return {
    template: 'channels',
    title: 'Channels',
    section: 'channels',
    live: '/dashboard/channels',
    view: {
      minted: minted ? mintedOf(minted) : null,
      sessions: sessions
        .filter(({ state }) => state !== 'ended')
        .map(({ id }) => ({ value: id, selected: id === (minted?.session ?? session) })),
      hooks: [...builtInHooks, ...hooks().hooks.map(({ name }) => name)].map((name) => ({
        value: hookChoice + name,
        label: `hook ${name}`,
        selected: name === minted?.hook,
      })),
      verbs: mintableVerbs
        .filter((verb) => verbs[verb].opens === 'session')
        .map((verb) => ({ value: verb, label: verbs[verb].summary })),
      ttls,
      any: grants.length > 0,
      grants: grants.slice(0, mostShown).map((grant) => rowOf(grant, now())),
      more: grants.length > mostShown ? grants.length - mostShown : null,
    },
  }
}

/** The order that the mint form makes; an empty field takes the default. */
export function mintOrderOf(form: URLSearchParams): MintOrder {
  const [session, verb, ttl, label] = ['session', 'verb', 'ttl', 'label'].map((name) => form.get(name) ?? '')
  return {
    ...(session?.startsWith(hookChoice)
      ? { hook: session.slice(hookChoice.length) }
      : { session: session ?? '', ...(verb && { verb }) }),
    ...(ttl && { ttlSeconds: ttl === 'never' ? ttl : Number(ttl) }),
    ...(label && { label }),
  }
}

/** No session's id has a colon. */
const hookChoice = 'hook:'

function mintedOf({ channel, hook, grantId, webhook, expires, verb }: MintView) {
  const body = hook === null ? '{"message":"hello"}' : '{}'
  const curl = `curl -X POST '${webhook}' \\\n  -H 'content-type: application/json' \\\n  -d '${body}'`
  const may = Object.entries(verbs).find(([name]) => name === verb)?.[1].summary ?? verb
  const until = expires === null ? null : `${shortTime(expires)} UTC`
  return { channel, grantId, webhook, expires, until, may, curl: textareaHtml(curl) }
}

function rowOf(grant: Grant, now: number) {
  const view = grantView(grant, now)
  return {
    id: view.id,
    opens: view.session ?? `hook ${view.hook}`,
    label: view.label,
    state: view.state === 'live' ? 'open' : stateWord(view.state),
    tone: tones[view.state],
    expires: shortTimeOrNull(view.expires),
    expiresAt: view.expires,
    lastUsed: shortTimeOrNull(view.lastUsed),
    lastUsedAt: view.lastUsed,
    uses: view.maxUses === null ? view.uses : `${view.uses}/${view.maxUses}`,
    canRevoke: !view.revoked,
  }
}

const tones: Readonly<Record<GrantState, Tone>> = {
  live: 'taken',
  paused: 'waiting',
  used_up: 'plain',
  expired: 'plain',
  revoked: 'failed',
}
