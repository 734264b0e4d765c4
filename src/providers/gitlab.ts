import { isSecret } from '../auth/secrets.ts'
import type { VerifyConfig } from '../domain/verify.ts'
import type { View } from '../payload/view.ts'
import { at, extended, firstFew, firstLine, listAt, refName, textAt } from './preset.ts'
import { claimed, type SignedRequest, single, type Verified } from './request.ts'
import type { Sender } from './sender.ts'
import { isStandardKey, signStandard, verifyStandard } from './standard-webhooks.ts'

export const gitlab: Sender = {
  title: 'GitLab',
  scheme: {
    proof: 'the secret in `x-gitlab-token`, or for `whsec_` secrets as `standard-webhooks`',
    toleranceSeconds: 300,
    verify: (config, request) =>
      verifyStandard({ ...config, secrets: config.secrets.filter(isSigning) }, request) ??
      verifyToken(config, request),
    sign: (config, request) =>
      isSigning(config.secrets[0] ?? '')
        ? signStandard(config, request)
        : { 'x-gitlab-token': config.secrets[0] ?? '' },
    credential: () => ({
      text: 'its secret token',
      security: { type: 'apiKey', in: 'header', name: 'X-Gitlab-Token' },
    }),
    key: {
      what: 'the secret token, or the signing token as the sender shows it, whsec_ and base64',
      fits: (secret) => !isSigning(secret) || isStandardKey(secret),
    },
  },
  /** docs.gitlab.com/user/project/integrations/webhook_events */
  preset: {
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
  },
  sample: {
    headers: { 'x-gitlab-event': 'Pipeline Hook' },
    body: {
      object_kind: 'pipeline',
      object_attributes: { id: 31, ref: 'main', status: 'failed' },
      project: { path_with_namespace: 'acme/billing', web_url: 'https://gitlab.com/acme/billing' },
      commit: { title: 'Fix invoice rounding', author: { name: 'Alice' } },
      builds: [{ name: 'test', stage: 'test', status: 'failed', failure_reason: 'script_failure' }],
    },
  },
}

/**
 * docs.gitlab.com, "Webhooks": a signing token (`whsec_…`) by the Standard Webhooks scheme, a secret token sent as it
 * is. Each secret opens in its own way only, so that a signed hook cannot be talked down to a bare token.
 */
const isSigning = (secret: string): boolean => secret.startsWith('whsec_')

function verifyToken({ secrets }: VerifyConfig, request: SignedRequest): Verified | undefined {
  const plain = secrets.filter((secret) => !isSigning(secret))
  return isSecret(single(request, 'x-gitlab-token') ?? '', plain)
    ? claimed(request, single(request, 'idempotency-key') ?? single(request, 'x-gitlab-event-uuid'))
    : undefined
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
