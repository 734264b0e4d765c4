import { spelledLines } from '../domain/control-characters.ts'
import type { Delivery } from '../domain/delivery.ts'
import type { HappeningData, HappeningName, Notice, NoticeReceiver } from '../domain/notice.ts'
import { oneLine } from '../domain/one-line.ts'
import { compileTemplate, namesInTemplate, render } from '../payload/template.ts'
import type { View } from '../payload/view.ts'

/** What is posted to a receiver, but for its signature. */
export interface NoticeMessage {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What is looked up when a notice is sent: nothing of it is stored with the notice. */
export interface NoticeSubject {
  /** The delivery that it names, if that is still there. */
  readonly delivery?: Delivery | undefined
  /** Exactly what an agent wants to do, where a person may decide. */
  readonly request?: string | undefined
  /** Where a person decides, while that is open. Whoever has it may: never in a log, nor in the store. */
  readonly decideUrl?: string | undefined
}

type Event = Notice['event']
type Make = (event: Event, subject: NoticeSubject) => NoticeMessage

/** The same event gives the same message each time, as long as its subject stays as it is. */
export function messageOf(
  { template }: Pick<NoticeReceiver, 'template'>,
  event: Event,
  subject: NoticeSubject,
): NoticeMessage {
  if (template === undefined) return jsonMessage(event, subject)
  const make = ready.get(template)
  return make ? make(event, subject) : ownMessage(template, event, subject)
}

/** The payload that standardwebhooks.com recommends. */
const jsonMessage: Make = (event, subject) =>
  json({ type: event.name, timestamp: iso(event.at), data: dataOf(event, subject) })

const json = (value: unknown): NoticeMessage => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})

const plainType = { 'content-type': 'text/plain; charset=utf-8' }

/** docs.ntfy.sh/publish: a message of up to 4,096 bytes is shown, a longer one becomes a file. */
const ntfy: Make = (event, subject) => {
  const { decideUrl } = subject
  return {
    headers: {
      ...plainType,
      title: headerText(titleOf(event)),
      tags: about[event.name].tag,
      ...(about[event.name].urgent && { priority: 'high' }),
      ...(decideUrl !== undefined && { click: decideUrl, actions: `view, Decide, ${decideUrl}` }),
    },
    body: shortened(textOf(event, subject), 1000),
  }
}

/** docs.slack.dev/messaging/formatting-message-text: `&`, `<` and `>` are its own, all else is shown as it is. */
const slack: Make = (event, subject) => {
  const { decideUrl } = subject
  const link = decideUrl === undefined ? [] : [`<${decideUrl}|Decide>`]
  const text = shortened(textOf(event, subject), 3000)
  return json({ text: [`*${slackText(titleOf(event))}*`, slackText(text), ...link].join('\n') })
}

const slackText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** docs.discord.com/developers/resources/webhook: up to 2,000 characters; nobody is pinged, and nothing in a block is markup. */
const discord: Make = (event, subject) => {
  const { decideUrl } = subject
  const text = shortened(textOf(event, subject), 1000).replaceAll('```', '`\u200b`\u200b`')
  const lines = [`**${oneLine(titleOf(event), 200)}**`, `\`\`\`\n${text}\n\`\`\``]
  const content = [...lines, ...(decideUrl === undefined ? [] : [decideUrl])].join('\n')
  return json({ content, allowed_mentions: { parse: [] } })
}

const plain: Make = (event, subject) => ({
  headers: plainType,
  body: [
    titleOf(event),
    '',
    textOf(event, subject),
    ...(subject.decideUrl ? ['', subject.decideUrl] : []),
    '',
  ].join('\n'),
})

const ready: ReadonlyMap<string, Make> = new Map([
  ['ntfy', ntfy],
  ['slack', slack],
  ['discord', discord],
  ['plain', plain],
])

/** What a template gets of a delivery only when it asks for it. */
const namesOfMessage = ['message', 'answer', 'from', 'skill'] as const

/** One that begins as an object of JSON is JSON: its values are escaped for that. */
function ownMessage(source: string, event: Event, subject: NoticeSubject): NoticeMessage {
  const template = compileTemplate(source)
  const isJson = /^\s*\{(?!\{)/.test(source)
  const asked = namesInTemplate(template)
  const wanted = namesOfMessage.filter((name) => asked.includes(name))
  const view: Record<string, View> = Object.assign(Object.create(null), {
    ...dataOf(event, subject),
    event: event.name,
    timestamp: iso(event.at),
    title: titleOf(event),
    text: textOf(event, subject),
    ...Object.fromEntries(wanted.map((name) => [name, subject.delivery?.[name] ?? ''])),
  })
  const rendering = render(template, view, {
    interpolate: (text, raw) => (isJson && !raw ? JSON.stringify(text).slice(1, -1) : text),
  })
  const body = rendering.kind === 'text' ? rendering.text : `${titleOf(event)}\n`
  return isJson ? { headers: { 'content-type': 'application/json' }, body } : { headers: plainType, body }
}

const iso = (at: number): string => new Date(at).toISOString()

/** What a receiver is told; times as text. Of a delivery only how it stands, never its words. */
function dataOf(
  { session, data }: Event,
  { delivery, request, decideUrl }: NoticeSubject,
): Readonly<Record<string, string | number>> {
  const { since, decision: _, ...rest } = data
  return {
    ...(session !== undefined && { session }),
    ...rest,
    ...(typeof since === 'number' && { since: iso(since) }),
    ...(delivery?.detail !== undefined && { detail: delivery.detail }),
    ...(request !== undefined && { request }),
    ...(decideUrl !== undefined && { decideUrl }),
  }
}

interface About {
  readonly title: (session: string, data: HappeningData) => string
  readonly text: (data: HappeningData, detail: string | undefined, request: string | undefined) => string
  /** A short code of ntfy's emoji. */
  readonly tag: string
  readonly urgent?: true
}

const about: Readonly<Record<HappeningName, About>> = {
  needs_input: {
    title: (session) => `${session} needs you`,
    // A person says yes to it: nothing of it is hidden.
    text: ({ asks }, _, request) =>
      spelledLines(request === undefined ? String(asks) : `${asks}\n${request}`),
    tag: 'raised_hand',
    urgent: true,
  },
  turn_ended: {
    title: (session, { outcome }) => `${session}: turn ${outcome}`,
    text: ({ delivery, outcome }, detail) =>
      outcome === 'completed'
        ? `Delivery ${delivery} is done.`
        : `Delivery ${delivery}: ${detail ?? 'the turn failed'}`,
    tag: 'checkered_flag',
  },
  session_ended: {
    title: (session) => `${session} has ended`,
    text: ({ why, exitCode }) =>
      String(why ?? (exitCode === undefined ? 'Its session is over.' : `Its exit code was ${exitCode}.`)),
    tag: 'stop_sign',
  },
  delivery_failed: {
    title: (session) => `A message to ${session} failed`,
    text: ({ delivery, failedStep }, detail) => `Delivery ${delivery}: ${detail ?? failedStep}`,
    tag: 'x',
  },
  delivery_waiting: {
    title: (session) => `A message waits for ${session}`,
    text: ({ delivery, since, heldBecause, waiting }, detail) =>
      `Delivery ${delivery} has waited since ${iso(Number(since))}${because(detail ?? heldBecause)}. In the queue: ${waiting}.`,
    tag: 'hourglass',
  },
  paused: {
    title: (_, { target }) => `${target} is paused`,
    text: ({ target }) => `What comes to it is kept or refused until: postern resume ${target}`,
    tag: 'double_vertical_bar',
  },
  guess_alarm: {
    title: () => 'Somebody is guessing secrets',
    text: ({ count, withinMinutes, peers }) =>
      `${count} wrong ones within ${withinMinutes} minutes, from ${peers} addresses. See: postern refusals ls`,
    tag: 'rotating_light',
    urgent: true,
  },
}

const because = (why: string | number | undefined): string => (why === undefined ? '' : `: ${why}`)

const titleOf = ({ name, session, data }: Event): string => about[name].title(session ?? '', data)

const textOf = ({ name, data }: Event, { delivery, request }: NoticeSubject): string =>
  about[name].text(data, delivery?.detail, request)

/** At most so many characters. */
function shortened(text: string, most: number): string {
  const characters = [...text]
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`
}

/** As ntfy reads headers: RFC 2047 for what is not ASCII. */
function headerText(text: string): string {
  const line = oneLine(text, 200)
  return /^[\x20-\x7e]*$/.test(line)
    ? line
    : `=?UTF-8?B?${Buffer.from(line.toWellFormed()).toString('base64')}?=`
}
