import { type Static, Type } from '@sinclair/typebox'
import { waitAccepts } from '../../domain/wait.ts'
import * as t from './shape.ts'

// What an agent asks for below `/agent/`, and what it is answered.

export { NoQuery } from './requests.ts'

const waitId = t.text({ example: 'w_7q2kR0aBcDeF', description: 'w_ and 12 characters.' })
const state = t.oneOf(['armed', 'answered', 'expired', 'cancelled'])
const deliveryId = Type.Optional(
  t.text({ example: 'whd_0VxK3mQ2aBcDeFgHiJkLmNoP', description: 'What answered it, or tells of its end.' }),
)

export type WaitOrder = Static<typeof WaitOrder>
export const WaitOrder = t.closed(
  {
    what: t.someText({ description: 'What is awaited, in a line of at most 200 characters.' }),
    then: t.optional(t.text({ description: 'What to do then; repeated when the wait is answered.' })),
    orElse: t.optional(t.text({ description: 'What to do when nobody answers; repeated then.' })),
    ttlSeconds: t.optional(t.whole('How long it stands open; 3600 unless given.')),
    accept: t.optional(t.oneOf(waitAccepts, { description: 'What its URL takes; any unless given.' })),
    key: t.optional(t.text({ description: 'Your own name for it: the same again makes no second one.' })),
  },
  { $id: 'WaitOrder', example: { what: 'CI run 4711', orElse: 'look at the page of the run' } },
)

export type OpenedWait = Static<typeof OpenedWait>
export const OpenedWait = t.named('OpenedWait', 'A wait with its URL.', {
  waitId,
  url: t.url('https://door.example/hook/eyJhbGciOiJIUzI1NiJ9.e30.c2ln', 'Works once.'),
  expiresAt: t.time,
  state,
  reachable: t.oneOf(['public', 'local'], { description: 'local: from this machine only.' }),
  curl: t.text({ description: 'A command that answers it.' }),
  githubStep: t.text({ description: 'A step of a GitHub Actions job that answers it.' }),
  deliveryId,
})

export type WaitsQuery = Static<typeof WaitsQuery>
export const WaitsQuery = t.closed({
  after: Type.Optional(t.digits('Only those that changed since the answer with this cursor.')),
  id: Type.Optional(t.text({ description: 'Only this one.' })),
})

export type WaitState = Static<typeof WaitState>
export const WaitState = t.named('WaitState', 'What became of a wait.', {
  waitId,
  what: t.text({ example: 'CI run 4711' }),
  state,
  deliveryId,
  answeredAt: Type.Optional(t.time),
  expiresAt: t.time,
})

export type Waits = Static<typeof Waits>
export const Waits = t.named('Waits', 'Waits in the order in which they changed last.', {
  waits: t.listOf(WaitState),
  cursor: t.text({ description: 'For the next question, as `after`.' }),
})

export type CancelledWait = Static<typeof CancelledWait>
export const CancelledWait = t.named('CancelledWait', 'As it stands now.', { waitId, state, deliveryId })

export type PartQuery = Static<typeof PartQuery>
export const PartQuery = t.closed({
  offset: Type.Optional(t.digits('Where to begin; 0 unless given.')),
  limit: Type.Optional(t.digits('At most so many characters; 16000 unless given, never more.')),
})

export type Part = Static<typeof Part>
export const Part = t.named('Part', 'A part of what came with a message.', {
  text: t.text({ description: 'Between markers that nobody else can write.' }),
  headers: t.keptHeaders,
  total: t.whole('Characters of the whole.'),
  next: Type.Optional(t.whole('Where the next part begins.')),
})

export type ReplyOrder = Static<typeof ReplyOrder>
export const ReplyOrder = t.closed(
  {
    text: t.optional(t.text({ description: 'The answer in words, or as JSON in a text.' })),
    json: Type.Optional(Type.Unknown({ description: 'The answer as any JSON value.' })),
  },
  { $id: 'ReplyOrder', description: 'One of both, at most 64 KiB.', example: { json: { verdict: 'pass' } } },
)

export type Replied = Static<typeof Replied>
export const Replied = t.named('Replied', 'The answer is taken: it was the first.', {
  accepted: t.flag,
  first: t.flag,
})

export type Self = Static<typeof Self>
export const Self = t.named('Self', 'The session whose agent asks.', {
  session: t.sessionId,
  generation: t.text({ description: 'Names this opening of it.' }),
  openWaits: t.whole('Its open waits.'),
  maxWaits: t.whole('As many as may be open; 0 for no limit.'),
})

export const McpMessage = Type.Object(
  { jsonrpc: t.text(), method: Type.Optional(t.text()), id: Type.Optional(Type.Unknown()) },
  {
    $id: 'McpMessage',
    description: 'A message of the Model Context Protocol (JSON-RPC 2.0), or one as an event stream.',
    additionalProperties: true,
    example: { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} },
  },
)
