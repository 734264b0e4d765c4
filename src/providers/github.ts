import type { View } from '../payload/view.ts'
import { jsonAnswer } from './answer.ts'
import { hmacScheme } from './hmac.ts'
import { at, extended, firstFew, firstLine, listAt, refName, textAt } from './preset.ts'
import { single } from './request.ts'
import type { Sender } from './sender.ts'

export const github: Sender = {
  title: 'GitHub',
  scheme: {
    /** docs.github.com, "Validating webhook deliveries". */
    ...hmacScheme({ header: 'x-hub-signature-256', prefix: 'sha256=', idHeader: 'x-github-delivery' }),
    /** docs.github.com, "Webhook events: ping": sent once when a webhook is made. */
    handshake: (_, request) =>
      single(request, 'x-github-event') === 'ping' ? jsonAnswer({ status: 'pong' }) : undefined,
  },
  /** docs.github.com/webhooks/webhook-events-and-payloads */
  preset: {
    eventOf: (_payload, header) => header('x-github-event') ?? '',
    messages: {
      ping: 'GitHub only tries the address',
      push: {
        template: `{{#deleted}}
{{sender.login}} deleted {{branch}} in {{repository.full_name}}.
{{/deleted}}
{{^deleted}}
Push to {{repository.full_name}} ({{branch}}) by {{sender.login}}{{#forced}}, forced{{/forced}}:
{{#shown}}
- {{shortId}} {{title}}{{#author.name}} ({{author.name}}){{/author.name}}
{{/shown}}
{{#more}}
- and {{more}} more
{{/more}}
{{compare}}
{{/deleted}}`,
        derive: (payload) => ({
          branch: refName(textAt(payload, 'ref')),
          ...firstFew(listAt(payload, 'commits').map(commit), 10),
        }),
      },
      pull_request: {
        template: `Pull request #{{number}} {{happened}} in {{repository.full_name}} by {{sender.login}}: {{pull_request.title}}
{{pull_request.head.ref}} → {{pull_request.base.ref}}{{#pull_request.draft}} (draft){{/pull_request.draft}}
{{pull_request.html_url}}
{{#pull_request.body}}

{{pull_request.body}}
{{/pull_request.body}}`,
        only: {
          path: 'action',
          in: ['opened', 'reopened', 'closed', 'ready_for_review', 'synchronize', 'review_requested'],
        },
        derive: (payload) => ({ happened: pullRequestAction(payload) }),
      },
      pull_request_review: {
        template: `Review of pull request #{{pull_request.number}} in {{repository.full_name}} by {{review.user.login}}: {{review.state}}
{{review.html_url}}
{{#review.body}}

{{review.body}}
{{/review.body}}`,
        only: { path: 'action', equals: 'submitted' },
      },
      pull_request_review_comment: {
        template: `{{comment.user.login}} commented on {{comment.path}} in pull request #{{pull_request.number}} of {{repository.full_name}}:
{{comment.html_url}}

{{comment.body}}`,
        only: { path: 'action', equals: 'created' },
      },
      issues: {
        template: `Issue #{{issue.number}} {{action}} in {{repository.full_name}} by {{sender.login}}: {{issue.title}}{{#label.name}} [{{label.name}}]{{/label.name}}
{{issue.html_url}}
{{#issue.body}}

{{issue.body}}
{{/issue.body}}`,
        only: { path: 'action', in: ['opened', 'reopened', 'closed', 'assigned', 'labeled'] },
      },
      issue_comment: {
        template: `{{comment.user.login}} commented on {{kind}} #{{issue.number}} of {{repository.full_name}} ({{issue.title}}):
{{comment.html_url}}

{{comment.body}}`,
        only: { path: 'action', equals: 'created' },
        derive: (payload) => ({
          kind: at(payload, 'issue.pull_request') === null ? 'issue' : 'pull request',
        }),
      },
      // Its steps are in `workflow_job`: GitHub leaves them out here.
      workflow_run: {
        template: `Workflow "{{workflow_run.name}}" of {{repository.full_name}} on {{workflow_run.head_branch}}: {{workflow_run.conclusion}}
Run #{{workflow_run.run_number}}, attempt {{workflow_run.run_attempt}}, started by {{workflow_run.actor.login}} ({{workflow_run.event}})
{{#commitTitle}}
Commit: {{commitTitle}}
{{/commitTitle}}
{{workflow_run.html_url}}`,
        only: { path: 'action', equals: 'completed' },
        derive: (payload) => ({
          commitTitle: firstLine(textAt(payload, 'workflow_run.head_commit.message')),
        }),
      },
      workflow_job: {
        template: `Job "{{workflow_job.name}}" of workflow "{{workflow_job.workflow_name}}" in {{repository.full_name}} on {{workflow_job.head_branch}}: {{workflow_job.conclusion}}
{{#failedSteps}}
Failed step {{number}}: {{name}}
{{/failedSteps}}
Job: {{workflow_job.html_url}}
Run: {{runUrl}}`,
        only: {
          all: [
            { path: 'action', equals: 'completed' },
            { path: 'workflow_job.conclusion', in: ['failure', 'timed_out', 'startup_failure'] },
          ],
        },
        derive: (payload) => ({
          failedSteps: listAt(payload, 'workflow_job.steps').filter(stepFailed),
          runUrl: textAt(payload, 'workflow_job.html_url').replace(/\/job\/\d+$/, ''),
        }),
      },
      release: {
        template: `Release {{release.tag_name}} published in {{repository.full_name}} by {{sender.login}}: {{release.name}}
{{release.html_url}}
{{#release.body}}

{{release.body}}
{{/release.body}}`,
        only: { path: 'action', equals: 'published' },
      },
    },
    otherwise: {
      template:
        'GitHub: {{event}}{{#action}} {{action}}{{/action}}{{#repository.full_name}} in {{repository.full_name}}{{/repository.full_name}}{{#sender.login}} by {{sender.login}}{{/sender.login}}.',
    },
  },
  sample: {
    headers: { 'x-github-event': 'push' },
    body: {
      ref: 'refs/heads/main',
      repository: { name: 'billing', full_name: 'acme/billing' },
      sender: { login: 'alice' },
      commits: [{ id: '0d1a26e67d8f', message: 'Fix invoice rounding', author: { name: 'Alice' } }],
      compare: 'https://github.com/acme/billing/compare/aaa...bbb',
    },
  },
}

const commit = (one: View): View =>
  extended(one, { shortId: textAt(one, 'id').slice(0, 7), title: firstLine(textAt(one, 'message')) })

function pullRequestAction(payload: View): string {
  const action = textAt(payload, 'action')
  if (action === 'closed' && at(payload, 'pull_request.merged') === true) return 'merged'
  if (action === 'synchronize') return 'updated'
  return action.replaceAll('_', ' ')
}

const stepFailed = (step: View): boolean => ['failure', 'timed_out'].includes(textAt(step, 'conclusion'))
