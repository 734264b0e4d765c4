import { HookAnswer, Knock, KnockAnswer } from '../models/knocks.ts'
import { bodyOf, type Header, type Operation, operation } from './operation.ts'

type Own = Omit<Operation, 'tag' | 'refuses'>

/** What the document says of a route at a capability URL. */
export const channelOperation = (route: Own) =>
  operation({
    ...{ tag: 'Channels', headers: knockHeaders, body: bodyOf(Knock, { text: true }) },
    answers: { 200: KnockAnswer, 202: KnockAnswer },
    refuses: refusals,
    ...route,
  })

/** What the document says of a webhook's route. */
export const hookOperation = ({ headers = [], ...route }: Own) =>
  operation({
    ...{ tag: 'Hooks', headers: [...knockHeaders, ...headers], body: bodyOf(Knock, { text: true }) },
    answers: { 200: HookAnswer, 202: HookAnswer },
    refuses: [401, ...refusals],
    ...route,
  })

const knockHeaders: readonly Header[] = [
  {
    name: 'Prefer',
    description: '`wait=SECONDS`: how long to wait for the outcome',
    example: 'wait=0',
  },
  {
    name: 'Idempotency-Key',
    description: 'One delivery per key, for 24 hours unless the hook says otherwise',
  },
]

const refusals: readonly number[] = [400, 403, 404, 405, 409, 410, 413, 415, 421, 422, 429, 502, 503]
