import { hmacScheme } from './hmac.ts'
import type { Sender } from './sender.ts'

export const sentry: Sender = {
  title: 'Sentry',
  /** docs.sentry.io, "Integration platform: webhooks". Its timestamp header is not signed and so proves nothing. */
  scheme: {
    ...hmacScheme({ header: 'sentry-hook-signature', idHeader: 'request-id' }),
    ownSecret: true,
  },
  preset: {
    eventOf: (_payload, header) => header('sentry-hook-resource') ?? '',
    messages: {
      installation: 'Sentry only tells of its own installation',
      issue: {
        template: `Sentry: issue {{data.issue.shortId}} {{action}} in {{data.issue.project.slug}} ({{data.issue.level}}): {{data.issue.title}}
{{#data.issue.culprit}}
In {{data.issue.culprit}}
{{/data.issue.culprit}}
{{#data.issue.count}}
Seen {{data.issue.count}} times, by {{data.issue.userCount}} users, first {{data.issue.firstSeen}}
{{/data.issue.count}}
{{data.issue.web_url}}{{^data.issue.web_url}}{{data.issue.permalink}}{{/data.issue.web_url}}`,
      },
      event_alert: {
        template: `Sentry: alert "{{data.triggered_rule}}" triggered ({{data.event.level}}): {{data.event.title}}
{{#data.event.culprit}}
In {{data.event.culprit}}
{{/data.event.culprit}}
{{data.event.web_url}}`,
      },
      metric_alert: {
        template: `Sentry: metric alert {{action}}: {{data.description_title}}
{{data.description_text}}
{{data.web_url}}`,
      },
      error: {
        template: `Sentry: error in project {{data.error.project}}: {{data.error.title}}
{{data.error.web_url}}`,
      },
      comment: {
        template: `Sentry: {{actor.name}} commented on issue {{data.issue_id}} in {{data.project_slug}}:

{{data.comment}}`,
        only: { path: 'action', equals: 'created' },
      },
    },
    otherwise: { template: 'Sentry: {{event}} {{action}}.' },
  },
  sample: {
    headers: { 'sentry-hook-resource': 'issue' },
    body: {
      action: 'created',
      data: {
        issue: {
          shortId: 'BILLING-7',
          title: 'TypeError: total is undefined',
          level: 'error',
          project: { slug: 'billing' },
        },
      },
    },
  },
}
