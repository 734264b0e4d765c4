import { isSigned } from '../auth/mac.ts'
import { namedInBody } from './named-in-body.ts'
import {
  at,
  byWho,
  firstLine,
  firstText,
  given,
  inWhere,
  line,
  lines,
  namesAt,
  paragraph,
  textAt,
} from './preset.ts'
import { vouched } from './request.ts'
import type { Sender } from './sender.ts'
import { fieldsIn, signatureOf, signaturesIn } from './signature-list.ts'
import { missingHeader, wrongSignature } from './unproven.ts'

/** developer.pagerduty.com, "Verifying webhook signatures": `v1=<hex>,v1=<hex>` over the body. */
export const pagerduty: Sender = {
  title: 'PagerDuty',
  scheme: {
    proof: 'HMAC-SHA256 of `{body}` in `x-pagerduty-signature`',
    ownSecret: true,
    verify: async (config, request) => {
      const fields = fieldsIn(request.header('x-pagerduty-signature'))
      return (await isSigned(config.secrets, [request.rawBody], signaturesIn(fields))) ? {} : undefined
    },
    whyNot: (_, request) => missingHeader(request, 'x-pagerduty-signature') ?? wrongSignature,
    inspect: namedInBody((_, id) => vouched(id), 'event', 'id'),
    sign: (config, { rawBody }) => ({ 'x-pagerduty-signature': signatureOf(config, [rawBody]) }),
  },
  /** developer.pagerduty.com, "Webhooks overview": `event.data` is an incident, or something that is part of one. */
  preset: {
    eventOf: (payload) => textAt(payload, 'event.event_type'),
    derive: (payload) => ({
      // The name of the event takes the place of `event`.
      data: at(payload, 'event.data'),
      who: textAt(payload, 'event.agent.summary'),
      where: firstText(payload, 'event.data.service.summary'),
      title: firstLine(
        firstText(payload, 'event.data.title', 'event.data.incident.summary', 'event.data.summary'),
      ),
      assignees: namesAt(payload, 'event.data.assignees', 'summary'),
      text: firstText(payload, 'event.data.content', 'event.data.message'),
      page: firstText(payload, 'event.data.html_url', 'event.data.incident.html_url'),
    }),
    nothingIn: { 'pagey.ping': 'PagerDuty only tries the address' },
    messages: {
      'incident.workflow.started': 'it has only begun; incident.workflow.completed tells of its end',
    },
    otherwise: {
      template: lines(
        `PagerDuty: {{event}}{{^event}}an event without a type{{/event}}${given(' #', 'data.number')}${inWhere}${byWho}${given(': ', 'title')}${given(' (urgency ', 'data.urgency', ')')}`,
        line('data.priority.summary', 'Priority '),
        line('assignees', 'Assigned to '),
        line('page'),
        paragraph('text'),
      ),
    },
  },
  sample: {
    headers: {},
    body: { event: { id: '01BPV3', event_type: 'incident.triggered', data: { title: 'Disk full' } } },
  },
}
