import type { View } from '../payload/view.ts'
import { hmacScheme } from './hmac.ts'
import { at, firstLine, firstText, given, line, lines, paragraph, textAt, thingsIn } from './preset.ts'
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
    nothingIn: { installation: 'Sentry only tells of its own installation' },
    messages: {
      issue: {
        about: 'data.issue',
        template: lines(
          `Sentry: issue${given(' ', 'data.issue.shortId')}${given(' ', 'action')}${given(' in ', 'data.issue.project.slug')}${given(' (', 'data.issue.level', ')')}${given(': ', 'data.issue.title')}`,
          line('data.issue.culprit', 'In '),
          line('assignee', 'Assigned to '),
          line('seen'),
          line('page'),
        ),
        derive: (payload) => ({
          assignee:
            textAt(payload, 'action') === 'assigned' ? textAt(payload, 'data.issue.assignedTo.name') : '',
          seen: seen(at(payload, 'data.issue')),
          page: firstText(payload, 'data.issue.web_url', 'data.issue.permalink'),
        }),
      },
      event_alert: {
        about: 'data.event',
        template: lines(
          `Sentry: alert${given(' "', 'data.triggered_rule', '"')} triggered${given(' (', 'data.event.level', ')')}${given(': ', 'data.event.title')}`,
          line('data.event.culprit', 'In '),
          line('page'),
        ),
        derive: (payload) => ({ page: firstText(payload, 'data.event.web_url', 'data.event.issue_url') }),
      },
      metric_alert: {
        about: 'data.description_title',
        template: lines(
          `Sentry: metric alert${given(' ', 'action')}${given(': ', 'data.description_title')}`,
          line('data.description_text'),
          line('data.web_url'),
        ),
      },
      error: {
        about: 'data.error',
        template: lines(
          `Sentry: error${given(' in project ', 'data.error.project')}${given(': ', 'data.error.title')}`,
          line('data.error.web_url'),
        ),
      },
      comment: {
        about: 'data.comment',
        template: lines(
          `Sentry: ${given('', 'actor.name')}{{^actor.name}}somebody{{/actor.name}} commented on issue${given(' ', 'data.issue_id')}${given(' in ', 'data.project_slug')}:`,
          paragraph('data.comment'),
        ),
        only: { not: { path: 'action', in: ['updated', 'deleted'] } },
      },
    },
    otherwise: {
      template: lines(
        `Sentry: {{event}}{{^event}}an event without a name{{/event}}${given(' ', 'action')}${given(' in ', 'project_name')}{{#things}}: {{things}}{{/things}}{{^things}}.{{/things}}`,
        line('page'),
      ),
      derive: (payload) => {
        // Sentry's older plugin sends no resource and no `data`.
        const { things } = thingsIn(at(payload, 'data') ?? payload, ['project'])
        const title = firstLine(firstText(payload, 'data.title', 'message'))
        return { things: title || things, page: firstText(payload, 'data.web_url', 'data.url', 'url') }
      },
    },
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

/** `Seen 3 times, by 2 users, first 2026-05-01T10:00:00Z`; the times are sent as text, the users as a number. */
function seen(issue: View): string {
  const users = at(issue, 'userCount')
  const count = at(issue, 'count')
  const parts = [
    ...(typeof count === 'number' || textAt(issue, 'count') !== '' ? [`${count} times`] : []),
    ...(typeof users === 'number' ? [`by ${users} users`] : []),
    ...(textAt(issue, 'firstSeen') ? [`first ${textAt(issue, 'firstSeen')}`] : []),
  ]
  return parts.length === 0 ? '' : `Seen ${parts.join(', ')}`
}
