import { type Grant, type GrantState, isOver, mintableVerbs, verbs } from '../../domain/grant.ts'
import { builtInHooks } from '../../domain/hook.ts'
import type { SessionId } from '../../domain/session.ts'
import type { MintOrder } from '../../manage/grants.ts'
import { pathOf, qrCodeOf } from '../../manage/qr-code.ts'
import { grantView, type MintView } from '../../manage/views.ts'
import { reachOf } from '../../manage/wait-texts.ts'
import {
  grouped,
  type Page,
  type PageDeps,
  shortTime,
  shortTimeOrNull,
  shownGrantState,
  type Tone,
} from './page.ts'
import { textareaHtml } from './templates.ts'

export interface FreshUrl {
  readonly minted: MintView
  /** Of a rotated grant: what becomes of the URL before it. */
  readonly rotated?: string
}

/** Grants on one page. */
const pageSize = 100

const ttls: readonly { readonly value: string; readonly label: string }[] = [
  { value: '', label: 'the default time' },
  { value: '3600', label: '1 hour' },
  { value: '86400', label: '1 day' },
  { value: '604800', label: '7 days' },
  { value: '7776000', label: '90 days' },
  { value: 'never', label: 'ever, until revoked' },
]

/**
 * The form that mints, and the grants that the address's query asks for: `text` in label, id or what it opens, `over=yes`
 * with those that open nothing any more, `page` from 1 on. `fresh`: the URL that was made a moment ago, shown this once.
 */
export async function channelsPage(
  { store, now, hooks }: PageDeps,
  query: URLSearchParams,
  fresh?: FreshUrl,
): Promise<Page> {
  const minted = fresh?.minted
  const [sessions, all] = await Promise.all([store.listSessions(), store.listGrants({})])
  const ended = new Set(sessions.filter(({ state }) => state === 'ended').map(({ id }) => id))
  const asked = askedOf(query)
  const grants = all.map((grant) => rowOf(grant, now(), ended)).filter((row) => fits(row, asked))
  const session = query.get('session')
  return {
    template: 'channels',
    title: 'Channels',
    section: 'channels',
    live: addressOf(asked),
    view: {
      minted: fresh ? mintedOf(fresh) : null,
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
      any: all.length > 0,
      found: grouped(grants.length),
      ...{ text: asked.text, over: asked.over, filtered: asked.text !== '' },
      ...pageOf(grants, asked),
    },
  }
}

interface Asked {
  readonly text: string
  /** Also those that are used up, expired or revoked. */
  readonly over: boolean
  /** From 1 on. */
  readonly page: number
}

function askedOf(query: URLSearchParams): Asked {
  const page = Number(query.get('page') ?? 1)
  return {
    text: (query.get('text') ?? '').trim(),
    over: query.get('over') === 'yes',
    page: Number.isInteger(page) && page > 0 ? page : 1,
  }
}

function addressOf({ text, over, page }: Asked): string {
  const query = new URLSearchParams({
    ...(text && { text }),
    ...(over && { over: 'yes' }),
    ...(page > 1 && { page: String(page) }),
  })
  return query.size === 0 ? '/dashboard/channels' : `/dashboard/channels?${query}`
}

function fits({ id, label, opens, isOver }: ReturnType<typeof rowOf>, { text, over }: Asked): boolean {
  const found = [id, label ?? '', opens].some((part) => part.toLowerCase().includes(text.toLowerCase()))
  return found && (over || !isOver)
}

function pageOf(grants: readonly ReturnType<typeof rowOf>[], asked: Asked) {
  const { page } = asked
  const shown = grants.slice((page - 1) * pageSize, page * pageSize)
  return {
    grants: shown,
    none: shown.length === 0,
    newer: page > 1 ? addressOf({ ...asked, page: page - 1 }) : null,
    older: page * pageSize < grants.length ? addressOf({ ...asked, page: page + 1 }) : null,
  }
}

/** The order that the mint form makes; an empty field takes the default. */
export function mintOrderOf(form: URLSearchParams): MintOrder {
  const [session, verb, ttl, uses, label] = ['session', 'verb', 'ttl', 'uses', 'label'].map(
    (name) => form.get(name) ?? '',
  )
  return {
    ...(session?.startsWith(hookChoice)
      ? { hook: session.slice(hookChoice.length) }
      : { session: session ?? '', ...(verb && { verb }) }),
    ...(ttl && { ttlSeconds: ttl === 'never' ? ttl : Number(ttl) }),
    ...(uses && { uses: Number(uses) }),
    ...(label && { label }),
  }
}

/** How long the URL before a rotation still works, as its form says. Milliseconds; undefined for the usual time. */
export const graceOf = (form: URLSearchParams): number | undefined =>
  form.get('grace') === 'none' ? 0 : undefined

/** No session's id has a colon. */
const hookChoice = 'hook:'

/** Modules around a code that stay light (ISO/IEC 18004). */
const quietZone = 4

function mintedOf({ minted, rotated }: FreshUrl) {
  const { channel, hook, grantId, webhook, expires, verb, maxUses } = minted
  const body = hook === null ? '{"message":"hello"}' : '{}'
  const curl = `curl -X POST '${webhook}' \\\n  -H 'content-type: application/json' \\\n  -d '${body}'`
  const code = qrCodeOf(webhook, quietZone)
  const may = Object.entries(verbs).find(([name]) => name === verb)?.[1].summary ?? verb
  const until = expires === null ? null : shortTime(expires)
  return {
    ...{ channel, grantId, webhook, expires, until, may, maxUses, rotated: rotated ?? null },
    curl: textareaHtml(curl),
    qr: { size: code.size, path: pathOf(code), isLocal: reachOf(webhook) === 'local' },
  }
}

function rowOf(grant: Grant, now: number, ended: ReadonlySet<SessionId>) {
  const view = grantView(grant, now)
  return {
    id: view.id,
    opens: view.session ?? `hook ${view.hook}`,
    label: view.label,
    state: shownGrantState(view.state),
    tone: tones[view.state],
    expires: shortTimeOrNull(view.expires),
    expiresAt: view.expires,
    lastUsed: shortTimeOrNull(view.lastUsed),
    lastUsedAt: view.lastUsed,
    uses: view.maxUses === null ? view.uses : `${view.uses}/${view.maxUses}`,
    isOver: isOver(view.state),
    ended: grant.session !== undefined && ended.has(grant.session),
    isPaused: view.state === 'paused',
    canPause: view.state === 'live',
    canRotate: !isOver(view.state) && mintableVerbs.includes(grant.verb),
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
