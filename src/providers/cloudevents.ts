import { Failure } from '../domain/error.ts'
import { parsePayload } from '../payload/parse.ts'
import { mediaTypeOf } from '../payload/text.ts'
import { isList, type View, type ViewObject } from '../payload/view.ts'
import { emptyAnswer } from './answer.ts'
import { namedInBody } from './named-in-body.ts'
import { firstFew, textAt } from './preset.ts'
import { claimed, type RequestHead, single } from './request.ts'
import type { Proof, Sender } from './sender.ts'
import { bearerScheme, showsSecret } from './shared-secret.ts'

/** github.com/cloudevents/spec: http-protocol-binding.md and http-webhook.md, version 1.0. */
export const cloudevents: Sender = {
  title: 'CloudEvents over HTTP',
  scheme: {
    ...bearerScheme,
    options: ['header', 'prefix'],
    verify: (config, request) =>
      showsSecret(config, request)
        ? claimed(request, single(request, 'ce-id'), sourceIn(request))
        : undefined,
    inspect: async (config, request, verified) =>
      single(request, 'ce-id') === undefined ? idInBody(config, request, verified) : verified,
    idIn: (_, request) => single(request, 'ce-id'),
    openHandshake: (_, head) =>
      ['POST', 'GET', 'HEAD'].includes(head.method) ? undefined : permissionToSend(head),
  },
  parse: async (body, header) =>
    checked(
      isBinary(header) ? await binaryEvent(body, header) : await parsePayload(body, typeIn(header)),
      header,
    ),
  preset: {
    eventOf: (payload) =>
      eventsIn(payload).length === 0 ? 'empty list' : textAt(eventsIn(payload)[0] ?? null, 'type'),
    nothingIn: { 'empty list': 'there is no event in it' },
    messages: {},
    otherwise: {
      template: `{{#shown}}
{{type}}{{^type}}An event without a type{{/type}}{{#source}} from {{source}}{{/source}}{{#subject}}: {{subject}}{{/subject}}{{#time}} ({{time}}){{/time}}
{{/shown}}
{{#more}}
and {{more}} more
{{/more}}`,
      derive: (payload) => ({ events: eventsIn(payload), ...firstFew(eventsIn(payload), 10) }),
    },
  },
  sample: {
    headers: { 'content-type': 'application/cloudevents+json' },
    body: {
      specversion: '1.0',
      type: 'com.example.invoice.paid',
      source: '/billing',
      id: 'A234-1234-1234',
      subject: 'in_1',
      data: { amount: 42 },
    },
  },
}

/** An id is unique within its source only, which in binary mode is no part of the body. */
const sourceIn = ({ header }: RequestHead): string => JSON.stringify(header('ce-source') ?? '')

const idInBody = namedInBody((request, id) => claimed(request, id, sourceIn(request)), 'id')

/** A batch is a list. */
const eventsIn = (payload: View): readonly View[] => (isList(payload) ? payload : [payload])

/** http-webhook.md, "Abuse protection": who asks by name may send, at the rate asked for but no faster than a hook takes. */
function permissionToSend(head: RequestHead): Proof {
  const origin = single(head, 'webhook-request-origin')
  if (head.method !== 'OPTIONS' || origin === undefined || !/^[A-Za-z0-9._:/*-]{1,255}$/.test(origin))
    return { kind: 'method', allow: 'POST, OPTIONS' }
  const answer = emptyAnswer(200, {
    allow: 'POST, OPTIONS',
    'webhook-allowed-origin': origin,
    'webhook-allowed-rate': String(allowedRate(single(head, 'webhook-request-rate') ?? '')),
  })
  return { kind: 'handshake', answer }
}

const allowedRate = (requested: string): number =>
  /^[1-9]\d{0,8}$/.test(requested) ? Math.min(Number(requested), mostPerMinute) : mostPerMinute

/** What `limits.knocksPerMinute` is unless configured otherwise. */
const mostPerMinute = 600

type Header = (name: string) => string | undefined

const typeIn = (header: Header): string => header('content-type') ?? ''

const required = ['type', 'source', 'id']

/** What calls itself CloudEvents has what every event has. Other JSON is taken as it is. */
function checked(payload: View, header: Header): View {
  const isOne = isBinary(header) || isCloudEvents(header)
  const complete = eventsIn(payload).every(
    (event) =>
      /^(0\.3|1\.\d+)$/.test(textAt(event, 'specversion')) &&
      required.every((name) => textAt(event, name) !== ''),
  )
  if (isOne && !complete)
    throw new Failure('malformed', 'An event needs specversion 1.0, type, source and id.')
  return payload
}

const isCloudEvents = (header: Header): boolean =>
  /^application\/cloudevents(-batch)?(\+|$)/.test(mediaTypeOf(typeIn(header)) ?? '')

/** In binary mode the attributes stand in headers, and the body is the data alone. */
const isBinary = (header: Header): boolean => header('ce-specversion') !== undefined && !isCloudEvents(header)

const attributes = ['specversion', 'type', 'source', 'id', 'subject', 'time', 'dataschema'] as const

async function binaryEvent(body: Uint8Array, header: Header): Promise<ViewObject> {
  const event: Record<string, View> = Object.create(null)
  for (const name of attributes) {
    const value = header(`ce-${name}`)
    if (value !== undefined) event[name] = decoded(value)
  }
  if (typeIn(header) !== '') event.datacontenttype = typeIn(header)
  if (body.length > 0) event.data = await parsePayload(body, typeIn(header))
  return event
}

/** http-protocol-binding.md, "HTTP header values": percent-encoded UTF-8, in older versions also quoted. */
function decoded(value: string): string {
  const quoted = /^"(.*)"$/.exec(value)?.[1]
  try {
    return decodeURIComponent(quoted?.replace(/\\(.)/g, '$1') ?? value)
  } catch (cause) {
    throw new Failure('malformed', 'A ce- header is not percent-encoded UTF-8.', { cause })
  }
}
