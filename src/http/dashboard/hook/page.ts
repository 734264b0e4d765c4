import { type Delivery, isDeliveryId } from '../../../domain/delivery.ts'
import { Failure } from '../../../domain/error.ts'
import { withoutFence } from '../../../domain/fence.ts'
import { type Hook, sessionOfHook } from '../../../domain/hook.ts'
import { oneLine } from '../../../domain/one-line.ts'
import { curlOf } from '../../../inbound/curl.ts'
import { proofWords, senderOf } from '../../../inbound/proof.ts'
import { deliverySentence } from '../../../manage/delivery-sentence.ts'
import { iso } from '../../../manage/views.ts'
import { canSign, presetOf, schemeOf } from '../../../providers/index.ts'
import { operationIdOf } from '../../openapi/hook-operation.ts'
import { steppedNow } from '../delivery/page.ts'
import { stateWords } from '../delivery-rows.ts'
import { addressOfHook, stateOfHook } from '../hooks.ts'
import { grouped, type Page, type PageDeps, shortened, shortTime, timeView, toneOf } from '../page.ts'
import { groupedRefusals, type RefusedDeps } from '../refused.ts'
import { addressOf as addressOfSession } from '../session.ts'
import { type PageView, textareaHtml } from '../templates.ts'
import type { Answered } from './answered.ts'
import { type Bench, example, openBench, type Trial } from './bench.ts'
import { messagesOf, namesOf } from './texts.ts'

/** How a hook's page is asked for. */
export interface HookQuery {
  /** Unguessable, for the fence of one message. */
  readonly nonce: string
  /** Where senders find this server. */
  readonly base: string
  readonly trial?: Trial
  /** Why the template that was asked for cannot be had. */
  readonly problem?: string
  /** The delivery that a test made, to be followed. */
  readonly sent?: string | null
  /** What came of the test that this login sent last. */
  readonly answered?: Answered | undefined
}

/** Deliveries whose payloads are offered. */
const mostOffered = 20

/** One hook: its state, what it refused, and a bench to try it on. Throws `not_found`. */
export async function hookPage(deps: RefusedDeps, name: string, query: HookQuery): Promise<Page> {
  const hook = hookCalled(deps, name)
  const { hooks: _, enabled, sessions } = deps.hooks()
  const self = addressOfHook(name)
  const session = sessionOfHook(hook, sessions)
  const [pauses, groups, sent, [last]] = await Promise.all([
    deps.store.listPauses(),
    refusedView(deps, name),
    sentView(deps, query.sent),
    deps.store.listDeliveries({ hook: name, limit: 1 }),
  ])
  return {
    template: 'hook',
    title: `Hook ${name}`,
    section: 'hooks',
    live: sent ? `${self}?sent=${sent.id}` : self,
    view: {
      ...{ name, self, session, sessionHref: addressOfSession(session) },
      ...stateOfHook(enabled && hook.active, name, pauses),
      ...{ sender: senderOf(hook) ?? null, starts: hook.action === 'agent', proof: proofWords(hook) },
      why: whyOff(enabled, hook),
      last: last ? timeView(last.receivedAt) : null,
      deliveries: `/dashboard?${new URLSearchParams({ hook: name })}`,
      url: query.base + hook.path,
      facts: factsOf(hook, session),
      explorer: `/docs#/Hooks/${operationIdOf(hook)}`,
      ...{ groups, anyRefused: groups.length > 0, sent },
      script: '/dashboard/assets/hook.js',
    },
    atOnce: () => benchView(deps, hook, query),
  }
}

/** Throws `not_found`. */
export function hookCalled({ hooks }: Pick<PageDeps, 'hooks'>, name: string): Hook {
  const hook = hooks().hooks.find((candidate) => candidate.name === name)
  if (hook) return hook
  throw new Failure('not_found', 'There is no hook of that name in the configuration.')
}

function whyOff(enabled: boolean, { active }: Hook): string | null {
  if (!enabled)
    return 'Webhooks are switched off as a whole (webhooks.enabled): every hook answers 403 and stores nothing.'
  return active ? null : 'It is switched off (active: false): it answers 403 and stores nothing.'
}

async function refusedView(deps: RefusedDeps, hook: string) {
  const { groups, viewOf } = await groupedRefusals(deps, { hook })
  return groups.map(viewOf)
}

/** The delivery that a test made, as it is now; null for none. */
async function sentView({ store, now }: PageDeps, id: string | null | undefined) {
  const record = id && isDeliveryId(id) ? await store.inspectDelivery(id) : undefined
  if (!record) return null
  return {
    id: record.id,
    href: `/dashboard/deliveries/${record.id}`,
    tone: toneOf(record.state),
    state: stateWords[record.state],
    sentence: deliverySentence(record, steppedNow(record, now())),
    answer: record.answer ? shortened(record.answer, 2000) : null,
  }
}

/** What stands on the page when a person opens it: what is tried, and what becomes of it. */
async function benchView(deps: RefusedDeps, hook: Hook, query: HookQuery): Promise<PageView> {
  const { answered, nonce, base } = query
  const trial = query.trial ?? answered?.trial ?? {}
  const stored = await deps.store.listDeliveries({ hook: hook.name, limit: mostOffered })
  const bench = await openBench(deps, hook, trial, stored[0]?.id)
  const template = trial.template ?? hook.template ?? ''
  return {
    answered: answered ? { ...answered, isTaken: answered.tone === 'taken' } : null,
    payloads: choicesOf(stored, bench),
    editable: bench.text === null ? null : textareaHtml(bench.text),
    uneditable: bench.text === null ? sizeOf(bench) : null,
    headers: textareaHtml(bench.headers),
    template: textareaHtml(template),
    problem: query.problem ?? null,
    preset: presetOf(hook.preset) ? (senderOf(hook) ?? null) : null,
    configured: hook.template !== undefined,
    ...(await messagesOf(hook, template, bench, nonce)),
    ...(await namesOf(hook, bench)),
    sendable: canSign(hook),
    ...curlOf(hook, bench.sample, { base, now: deps.now() }),
  }
}

const sizeOf = ({ sample, from }: Bench) => ({
  size: `${grouped(sample.payload.length)} bytes`,
  href: from === example ? null : `/dashboard/deliveries/${from}`,
})

const choicesOf = (stored: readonly Delivery[], { from }: Bench) => [
  ...stored.map(({ id, receivedAt, state, message }) => ({
    value: id,
    label: `${shortTime(iso(receivedAt))}, ${stateWords[state].toLowerCase()}: ${oneLine(shortened(withoutFence(message), 60))}`,
    selected: id === from,
  })),
  ...(from !== example && !stored.some(({ id }) => id === from)
    ? [{ value: from, label: `delivery ${from}`, selected: true }]
    : []),
  { value: example, label: 'an example', selected: from === example },
]

function factsOf(hook: Hook, session: string) {
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Path', hook.path],
    ['Session', session],
    ['Action', hook.action],
    ['Skill', hook.skill],
    ['From', hook.from],
    ['Instruction', hook.instruction],
    ['Fence', hook.fence ? 'around the text' : undefined],
    ['Preset', hook.preset],
    ['Proof', `${hook.verify.scheme}: ${(schemeOf(hook.verify.scheme)?.proof ?? '').replaceAll('`', '')}`],
    ['Filter', hook.filter && JSON.stringify(hook.filter)],
    ['Largest body', `${grouped(hook.maxBodyBytes)} bytes`],
  ]
  return facts.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]))
}
