import { type Static, Type } from '@sinclair/typebox'
import type { DeliveryState } from '../../domain/delivery.ts'
import { failedSteps } from '../../domain/failed-step.ts'
import { mintableVerbs } from '../../domain/grant.ts'
import { spanNames } from '../../domain/history.ts'
import type { NoticeState } from '../../domain/notice.ts'
import { knock } from './knocks.ts'
import { anyCase, closed, digits, members, oneOf, optional, someText, text } from './shape.ts'

// What the admin asks for.

export const states: readonly DeliveryState[] = ['PENDING', 'RETRY', 'DELIVERED', 'FAILED']

const noticeStates: readonly NoticeState[] = ['PENDING', 'DELIVERED', 'FAILED']

/** No query parameter at all. */
export const NoQuery = closed({})

/** For a route to one thing. */
export const byId = { params: closed({ id: text({ description: 'Its id.' }) }), query: NoQuery }

/** For a route to one hook. */
export const byName = { params: closed({ name: text({ description: 'Its name.' }) }), query: NoQuery }

export const GrantQuery = closed({
  session: Type.Optional(someText({ description: 'Only those of this session.' })),
})

const truth = (description: string) =>
  optional(Type.Boolean({ description, errorMessage: 'must be true or false' }))

export type SessionOrder = Static<typeof SessionOrder>
export const SessionOrder = closed(
  {
    id: someText({ description: '1 to 64 of a-z 0-9 . _ - that begin with a letter or digit.' }),
    driver: someText({ description: 'inbox, tmux, command, http, acp, …' }),
    settings: optional(
      members({ target: '%5' }, 'For the driver; relative paths are relative to the server’s home.'),
    ),
    decisions: truth('Let people decide on what its agent asks.'),
    check: truth('Try it first, and register nothing that does not work.'),
    replace: truth('Take the place of a live session of that id.'),
  },
  { $id: 'SessionOrder', example: { id: 'build', driver: 'inbox' } },
)

const limit = Type.Optional(digits('At most so many; 100 unless given, never more than 1000.'))

/** For a list that is read page by page. */
const page = {
  after: Type.Optional(
    digits('Only those that follow this place of the list; the Link header of an answer has the next one.'),
  ),
  limit,
}

const deliveryFilter = {
  state: Type.Optional(anyCase(states, 'Only those in this state.')),
  session: Type.Optional(text({ description: 'Only those of this session.' })),
  hook: Type.Optional(text({ description: 'Only those that came through this hook.' })),
  grant: Type.Optional(text({ description: 'Only those that came through this grant.' })),
  failedStep: Type.Optional(
    Type.Unsafe<string>(oneOf(failedSteps, { description: 'Only those that failed at this step.' })),
  ),
  text: Type.Optional(
    text({ description: 'Only those with this in their message, payload or answer, in either case.' }),
  ),
  since: Type.Optional(
    text({ description: 'Only those received since: ISO 8601, as 2026-11-22T10:00:00Z.' }),
  ),
  until: Type.Optional(text({ description: 'Only those received before: ISO 8601.' })),
}

export type DeliveryQuery = Static<typeof DeliveryQuery>
export const DeliveryQuery = closed({
  ...deliveryFilter,
  ...page,
})

export type HistoryQuery = Static<typeof HistoryQuery>
export const HistoryQuery = closed({
  span: Type.Optional(oneOf(spanNames, { description: 'How far back; 24h unless given.' })),
})

/** The same filter, for acts on all that it finds. */
export type DeliverySelection = Static<typeof DeliverySelection>
export const DeliverySelection = closed(deliveryFilter)

export type RefusalQuery = Static<typeof RefusalQuery>
export const RefusalQuery = closed({
  hook: Type.Optional(text({ description: 'Only those of this hook.' })),
  grant: Type.Optional(text({ description: 'Only those of this grant.' })),
  ...page,
})

export type NoticeQuery = Static<typeof NoticeQuery>
export const NoticeQuery = closed({
  state: Type.Optional(anyCase(noticeStates, 'Only those in this state.')),
  rule: Type.Optional(text({ description: 'Only those of this rule.' })),
  ...page,
})

export type DecisionQuery = Static<typeof DecisionQuery>
export const DecisionQuery = closed({
  session: Type.Optional(someText({ description: 'Only those of this session.' })),
  open: Type.Optional(oneOf(['yes', 'no'], { description: 'yes: only those that wait for somebody.' })),
  limit,
})

export type DecisionOrder = Static<typeof DecisionOrder>
export const DecisionOrder = closed(
  { verdict: oneOf(['allow', 'deny'] as const, { description: 'What the agent is told.' }) },
  { $id: 'DecisionOrder', example: { verdict: 'allow' } },
)

export type WaitsQuery = Static<typeof WaitsQuery>
export const WaitsQuery = closed({
  session: Type.Optional(text({ description: 'Only those of this session.' })),
  open: Type.Optional(oneOf(['yes', 'no'], { description: 'yes: only those that are open.' })),
  limit,
})

export const WaitQuery = closed({
  wait: Type.Optional(
    digits('Seconds to wait for its end; never more than 240.', { errorMessage: 'must be whole seconds' }),
  ),
})

export const InboxQuery = closed({
  wait: Type.Optional(
    digits('Seconds to wait for a message where there is none; never more than 240.', {
      errorMessage: 'must be whole seconds',
    }),
  ),
})

const ttl = (options: object) =>
  Type.Optional(
    Type.Union([Type.Integer({ minimum: 0 }), Type.Literal('never'), Type.Null()], {
      errorMessage: 'must be whole seconds, or "never"',
      ...options,
    }),
  )

export type MintOrder = Static<typeof MintOrder>
export const MintOrder = closed(
  {
    session: optional(someText({ description: 'The session it opens.' })),
    hook: optional(someText({ description: 'The hook it opens, instead of a session.' })),
    verb: optional(
      oneOf(mintableVerbs, {
        description: 'What it permits; send_input unless given, post_hook with a hook.',
      }),
    ),
    ttl: ttl({ description: 'Whole seconds, or "never"; 0 or absent takes the server’s default.' }),
    ttlSeconds: ttl({ description: 'The same as ttl, which counts where both are given.', deprecated: true }),
    uses: optional(
      Type.Integer({
        minimum: 1,
        errorMessage: 'must be a whole number from 1 on',
        description: 'How often it may be used; as often as one likes unless given.',
      }),
    ),
    label: optional(text({ description: 'A name for your own eyes.' })),
  },
  { $id: 'MintOrder', example: { session: 'default', ttl: 3600, label: 'for CI' } },
)

export const RotateOrder = closed(
  {
    grace: optional(
      Type.Integer({
        minimum: 0,
        errorMessage: 'must be whole seconds',
        description:
          'Seconds for which the URL before it opens the grant, too; 300 unless given, 0 for none.',
      }),
    ),
  },
  { $id: 'RotateOrder', example: { grace: 300 } },
)

export type SendOrder = Static<typeof SendOrder>
export const SendOrder = closed(
  { session: someText(), ...knock },
  { $id: 'SendOrder', example: { session: 'default', message: 'Have a look at the tests.' } },
)

export type ReplayOrder = Static<typeof ReplayOrder>
export const ReplayOrder = closed(
  { message: optional(text({ description: 'Sent in place of the stored message.' })) },
  { $id: 'ReplayOrder', example: { message: 'The same, but clearer.' } },
)
