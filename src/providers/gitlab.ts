import type { View } from '../payload/view.ts'
import { at, extended, firstFew, firstLine, listAt, type Preset, refName, textAt } from './preset.ts'

/** docs.gitlab.com/user/project/integrations/webhook_events */
export const gitlab: Preset = {
  scheme: 'gitlab',
  eventOf: (payload) => textAt(payload, 'object_kind'),
  messages: {
    pipeline: {
      template: `Pipeline #{{object_attributes.id}} of {{project.path_with_namespace}} on {{object_attributes.ref}}: {{object_attributes.status}}
{{#failedJobs}}
Failed job: {{name}} (stage {{stage}}){{#failure_reason}}: {{failure_reason}}{{/failure_reason}}
{{/failedJobs}}
{{#commit.title}}
Commit: {{commit.title}}{{#commit.author.name}} ({{commit.author.name}}){{/commit.author.name}}
{{/commit.title}}
{{pipelineUrl}}`,
      only: { path: 'object_attributes.status', in: ['success', 'failed', 'canceled'] },
      derive: (payload) => ({
        failedJobs: listAt(payload, 'builds').filter(jobFailed),
        pipelineUrl: pipelineUrl(payload),
      }),
    },
    push: {
      template: `Push to {{project.path_with_namespace}} ({{branch}}) by {{user_username}}:
{{#shown}}
- {{shortId}} {{title}}{{#author.name}} ({{author.name}}){{/author.name}}
{{/shown}}
{{#more}}
- and {{more}} more
{{/more}}
{{project.web_url}}`,
      derive: (payload) => ({
        branch: refName(textAt(payload, 'ref')),
        ...firstFew(listAt(payload, 'commits').map(commit), 10),
      }),
    },
    merge_request: {
      template: `Merge request !{{object_attributes.iid}} in {{project.path_with_namespace}}, {{object_attributes.action}} by {{user.username}}: {{object_attributes.title}}
{{object_attributes.source_branch}} → {{object_attributes.target_branch}}
{{object_attributes.url}}
{{#object_attributes.description}}

{{object_attributes.description}}
{{/object_attributes.description}}`,
      only: { path: 'object_attributes.action', in: ['open', 'reopen', 'close', 'merge'] },
    },
    issue: {
      template: `Issue #{{object_attributes.iid}} in {{project.path_with_namespace}}, {{object_attributes.action}} by {{user.username}}: {{object_attributes.title}}
{{object_attributes.url}}
{{#object_attributes.description}}

{{object_attributes.description}}
{{/object_attributes.description}}`,
      only: { path: 'object_attributes.action', in: ['open', 'reopen', 'close'] },
    },
    note: {
      template: `{{user.username}} commented in {{project.path_with_namespace}}{{#merge_request.iid}} on merge request !{{merge_request.iid}}{{/merge_request.iid}}{{#issue.iid}} on issue #{{issue.iid}}{{/issue.iid}}:
{{object_attributes.url}}

{{object_attributes.note}}`,
    },
  },
  otherwise: {
    template:
      'GitLab: {{event}}{{#object_attributes.action}} {{object_attributes.action}}{{/object_attributes.action}}{{#project.path_with_namespace}} in {{project.path_with_namespace}}{{/project.path_with_namespace}}.',
  },
}

const jobFailed = (job: View): boolean =>
  textAt(job, 'status') === 'failed' && at(job, 'allow_failure') !== true

const commit = (one: View): View =>
  extended(one, { shortId: textAt(one, 'id').slice(0, 8), title: firstLine(textAt(one, 'message')) })

/** Older servers send no URL of the pipeline itself. */
function pipelineUrl(payload: View): string {
  const sent = textAt(payload, 'object_attributes.url')
  const id = at(payload, 'object_attributes.id')
  return sent || `${textAt(payload, 'project.web_url')}/-/pipelines/${typeof id === 'number' ? id : ''}`
}
