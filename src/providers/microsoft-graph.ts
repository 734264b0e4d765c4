import { isSecret } from '../auth/secrets.ts'
import { parsePayload } from '../payload/parse.ts'
import { isList, memberOf } from '../payload/view.ts'
import { queryOf, textAnswer } from './answer.ts'
import { firstFew, firstText, listAt } from './preset.ts'
import type { Sender } from './sender.ts'
import { wrong } from './unproven.ts'

export const microsoftGraph: Sender = {
  title: 'Microsoft Graph',
  scheme: {
    proof: 'the secret as `clientState` in every notification',
    secretIn: 'body',
    hideSecret: (body) =>
      Buffer.from(
        Buffer.from(body)
          .toString('latin1')
          .replace(/("clientState"\s*:\s*)"(?:[^"\\]|\\.)*"/gi, '$1"(hidden)"'),
        'latin1',
      ),
    /**
     * learn.microsoft.com, "Receive change notifications": every notification repeats the agreed `clientState`. The body
     * has to be read to be verified, so it is read in slices.
     */
    verify: async (config, request) => {
      const body = await parsePayload(request.rawBody, 'application/json').catch(() => null)
      const notifications = memberOf(body, 'value')
      if (notifications === undefined || !isList(notifications) || notifications.length === 0)
        return undefined
      const states = notifications.map((one) => memberOf(one, 'clientState'))
      return states.every((state) => typeof state === 'string' && isSecret(state, config.secrets))
        ? {}
        : undefined
    },
    whyNot: () => wrong('clientState is missing or wrong'),
    /** learn.microsoft.com, "notificationUrl validation". */
    openHandshake: (_, head) => {
      const answer = head.method === 'POST' ? textAnswer(queryOf(head).get('validationToken')) : undefined
      return answer && { kind: 'handshake', answer }
    },
  },
  /** learn.microsoft.com, "changeNotification resource type": a change, or what became of the subscription. */
  preset: {
    eventOf: (payload) =>
      firstText(listAt(payload, 'value')[0] ?? null, 'changeType', 'lifecycleEvent') || 'notification',
    messages: {},
    otherwise: {
      template: `Microsoft Graph:{{^shown}} a notification without a change{{/shown}}
{{#shown}}
- {{changeType}}{{lifecycleEvent}}{{^changeType}}{{^lifecycleEvent}}a change{{/lifecycleEvent}}{{/changeType}}{{#resource}}: {{resource}}{{/resource}}{{#lifecycleEvent}}{{#subscriptionId}} (subscription {{subscriptionId}}){{/subscriptionId}}{{/lifecycleEvent}}
{{/shown}}
{{#more}}
- and {{more}} more
{{/more}}`,
      derive: (payload) => firstFew(listAt(payload, 'value'), 10),
    },
  },
  sample: {
    headers: {},
    body: { value: [{ changeType: 'updated', resource: 'me/events/1', clientState: 'the agreed secret' }] },
  },
}
