import { isFresh, unixTime } from '../auth/freshness.ts'
import { memberIn } from '../payload/json.ts'
import { isObject, type View } from '../payload/view.ts'
import { memberOfSmall } from './answer.ts'
import { hmacScheme } from './hmac.ts'
import { at, byWho, firstLine, firstText, given, line, lines, paragraph, textAt } from './preset.ts'
import { claimed, dated, type SignedRequest, single } from './request.ts'
import type { Sender } from './sender.ts'
import { flawOfTime, lacks, wrongSignature } from './unproven.ts'

const signature = hmacScheme({ header: 'linear-signature' })

const timeIn = async (request: SignedRequest): Promise<unknown> =>
  (await memberIn(request.rawBody, 'webhookTimestamp')) ?? single(request, 'linear-timestamp')

/** Where an event about an issue has it, other than as its `data`; an agent is told by `agentSession`, a user by `notification`. */
const places = ['data.issue', 'notification.issue', 'agentSession.issue']

/** linear.app/developers/webhooks: the time is in the body, in milliseconds, good for a minute. Its id is not signed. */
export const linear: Sender = {
  title: 'Linear',
  scheme: {
    ...signature,
    toleranceSeconds: 60,
    ownSecret: true,
    inspect: async (config, request) => {
      const stamp = await timeIn(request)
      if (!isFresh(unixTime(String(stamp)), request.now, config.toleranceSeconds ?? 60)) return undefined
      const { deliveryId } = await claimed(request, single(request, 'linear-delivery'))
      return dated(request, String(stamp), deliveryId === undefined ? {} : { deliveryId })
    },
    whyNot: async (config, request) => {
      if (!(await signature.verify(config, request)))
        return signature.whyNot?.(config, request) ?? wrongSignature
      const stamp = memberOfSmall(request, 'webhookTimestamp') ?? single(request, 'linear-timestamp')
      if (stamp === undefined) return lacks('header linear-timestamp missing')
      const time = unixTime(String(stamp))
      return flawOfTime(time, request.now, config.toleranceSeconds ?? 60) ?? wrongSignature
    },
    idIn: (_, request) => single(request, 'linear-delivery'),
    sign: (config, request) => ({
      ...signature.sign(config, request),
      'linear-timestamp': String(request.now),
    }),
  },
  /** linear.app/developers/webhooks: any other status counts as a failure. */
  respond: () => ({ status: 200 }),
  preset: {
    eventOf: (payload, header) => textAt(payload, 'type') || (header('linear-event') ?? ''),
    derive: (payload) => ({
      who: firstText(
        payload,
        ...['actor.name', 'data.user.name', 'notification.actor.name', 'agentSession.creator.name'],
      ),
      thing: firstText(payload, 'data.identifier', ...places.map((place) => `${place}.identifier`)),
      title: firstLine(
        firstText(
          payload,
          ...['data.title', 'data.name', 'data.project.name'],
          ...places.map((place) => `${place}.title`),
        ),
      ),
      page: firstText(payload, 'url', ...places.map((place) => `${place}.url`)),
      text: firstText(
        payload,
        ...['data.body', 'data.description', 'notification.comment.body'],
        ...['agentActivity.content.body', 'agentSession.comment.body', 'promptContext'],
      ),
      changed: changedIn(at(payload, 'updatedFrom')),
    }),
    messages: { Reaction: 'a reaction calls for nothing to be done' },
    otherwise: {
      template: lines(
        `Linear: {{event}}{{^event}}an event without a type{{/event}}${given(' ', 'thing')}${given(', ', 'action')}${byWho}${given(': ', 'title')}${given(' (', 'data.state.name', ')')}`,
        line('changed', 'Changed: '),
        line('page'),
        paragraph('text'),
      ),
    },
  },
  sample: {
    headers: { 'linear-event': 'Issue' },
    body: {
      action: 'create',
      type: 'Issue',
      data: { identifier: 'BIL-7', title: 'Totals are off by a cent' },
    },
  },
}

/** The names of what was changed, without those that every change touches: `stateId` → `state`. */
const changedIn = (before: View): string =>
  (isObject(before) ? Object.keys(before) : [])
    .filter((name) => name !== 'updatedAt' && name !== 'sortOrder')
    .map((name) => name.replace(/Ids?$/, ''))
    .slice(0, 10)
    .join(', ')
