import type { Condition } from '../domain/hook.ts'
import { isObject, type View, type ViewObject } from '../payload/view.ts'
import { jsonAnswer } from './answer.ts'
import { checkMessages } from './github-checks.ts'
import { hmacScheme } from './hmac.ts'
import {
  arrow,
  at,
  byWho,
  commitLines,
  commitView,
  firstFew,
  firstText,
  given,
  inWhere,
  isNoCommit,
  line,
  lines,
  listAt,
  ofWhere,
  paragraph,
  refLabel,
  refName,
  somebody,
  textAt,
  thingsIn,
} from './preset.ts'
import { single } from './request.ts'
import type { Sender } from './sender.ts'

/** All but these: an action that GitHub adds one day is told rather than swallowed. */
const allBut = (actions: string): Condition => ({ not: { path: 'action', in: actions.split(' ') } })

/** Members of every event that are not what it is about. */
const frame = [
  ...['repository', 'sender', 'organization', 'enterprise', 'installation', 'requester', 'changes'],
  ...['client_payload', 'inputs'],
]

/** `Issue #12 opened in acme/billing by alice: Totals are off by a cent`, the page, the text. */
const thing = (title: string, object: string, more = ''): string =>
  lines(
    `${title}${given(' #', `${object}.number`)}${given(' ', 'happened')}${inWhere}${byWho}${given(': ', `${object}.title`)}${more}`,
    line(`${object}.html_url`),
    paragraph(`${object}.body`),
  )

/** `bob commented on issue #12 of acme/billing (Totals are off by a cent):`, the page, the text. */
const comment = (on: string): string =>
  lines(
    `${given('', 'comment.user.login')}{{^comment.user.login}}${somebody}{{/comment.user.login}} commented on ${on}:`,
    line('comment.html_url'),
    paragraph('comment.body'),
  )

const numbered = (object: string): string =>
  `${given(' #', `${object}.number`)}${ofWhere}${given(' (', `${object}.title`, ')')}`

export const github: Sender = {
  title: 'GitHub',
  /** docs.github.com, "Webhook events and payloads: payload cap". */
  maxBodyBytes: 26_214_400,
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
    derive: (payload) => ({
      where: firstText(
        payload,
        'repository.full_name',
        'organization.login',
        'enterprise.name',
        'installation.account.login',
      ),
      who: textAt(payload, 'sender.login'),
      happened: happened(payload),
    }),
    messages: {
      ping: 'GitHub only tries the address',
      star: 'a star calls for nothing to be done',
      watch: 'a star calls for nothing to be done',
      fork: 'a fork calls for nothing to be done',
      push: {
        template: `{{#gone}}
${somebody} deleted${given(' ', 'label')}${inWhere}.
{{/gone}}
{{^gone}}
Push${given(' to ', 'where')}${given(' (', 'label', ')')}${byWho}{{#created}}, new{{/created}}{{#forced}}, forced{{/forced}}:
${commitLines}
${line('compare')}
{{/gone}}`,
        derive: pushed,
      },
      create: { template: `${somebody} created${given(' ', 'ref_type')}${given(' ', 'ref')}${inWhere}.` },
      delete: { template: `${somebody} deleted${given(' ', 'ref_type')}${given(' ', 'ref')}${inWhere}.` },
      pull_request: {
        template: `Pull request${given(' #', 'number')}${given(' ', 'happened')}${inWhere}${byWho}${given(': ', 'pull_request.title')}
{{#branches}}
{{branches}}{{#pull_request.draft}} (draft){{/pull_request.draft}}
{{/branches}}
${line('reviewer', 'Review requested of ')}
${line('pull_request.html_url')}
${paragraph('pull_request.body')}`,
        only: allBut(
          'assigned unassigned labeled unlabeled locked unlocked edited milestoned demilestoned ' +
            'review_request_removed auto_merge_enabled auto_merge_disabled converted_to_draft enqueued',
        ),
        derive: (payload) => ({
          branches: arrow(textAt(payload, 'pull_request.head.ref'), textAt(payload, 'pull_request.base.ref')),
          reviewer: firstText(payload, 'requested_reviewer.login', 'requested_team.name'),
        }),
      },
      pull_request_review: {
        template: `Review of pull request${given(' #', 'pull_request.number')}${inWhere}${given(' by ', 'review.user.login')}${given(': ', 'review.state')}
${line('review.html_url')}
${paragraph('review.body')}`,
        only: allBut('edited'),
      },
      pull_request_review_comment: {
        template: comment(
          `${given('', 'comment.path', ' in ')}pull request${given(' #', 'pull_request.number')}${ofWhere}`,
        ),
        only: allBut('edited deleted'),
      },
      pull_request_review_thread: {
        template: thing('Review thread of pull request', 'pull_request'),
        only: allBut('resolved'),
      },
      issues: {
        template: thing(
          'Issue',
          'issue',
          `${given(' [', 'label.name', ']')}${given(' (assigned to ', 'assignee.login', ')')}`,
        ),
        only: allBut(
          'edited unassigned unlabeled milestoned demilestoned locked unlocked ' +
            'pinned unpinned typed untyped',
        ),
      },
      issue_comment: {
        template: comment(`{{kind}}${numbered('issue')}`),
        only: allBut('edited deleted pinned unpinned'),
        derive: (payload) => ({
          kind: at(payload, 'issue.pull_request') === null ? 'issue' : 'pull request',
        }),
      },
      discussion: {
        template: thing('Discussion', 'discussion'),
        only: allBut('edited labeled unlabeled locked unlocked pinned unpinned category_changed'),
      },
      discussion_comment: {
        template: comment(`discussion${numbered('discussion')}`),
        only: allBut('edited deleted'),
      },
      commit_comment: {
        template: comment(`commit${given(' ', 'sha')}${ofWhere}`),
        derive: (payload) => ({ sha: textAt(payload, 'comment.commit_id').slice(0, 7) }),
      },
      release: {
        template: lines(
          `Release${given(' ', 'release.tag_name')}${given(' ', 'happened')}${inWhere}${byWho}${given(': ', 'release.name')}`,
          line('release.html_url'),
          paragraph('release.body'),
        ),
        only: allBut('created edited prereleased released'),
      },
      gollum: {
        template: `${somebody} edited the wiki${ofWhere}:
{{#pages}}
- {{action}}${given(' ', 'title')}${given(': ', 'html_url')}
{{/pages}}`,
      },
      ...checkMessages,
    },
    otherwise: {
      template: `GitHub: {{event}}{{^event}}an event without a name{{/event}}${given(' ', 'action')}${inWhere}${byWho}{{#things}}: {{things}}{{/things}}${given(' (was ', 'was', ')')}{{^things}}.{{/things}}
${line('dispatched')}
${line('page')}`,
      derive: (payload) => {
        const { things, page } = thingsIn(payload, frame)
        return {
          things,
          page: page || firstText(payload, 'repository.html_url', 'installation.html_url'),
          was: firstText(
            payload,
            ...['changes.repository.name.from', 'changes.name.from', 'changes.title.from'],
            ...['changes.owner.from.user.login', 'changes.owner.from.organization.login'],
          ),
          dispatched: orNothing(at(payload, 'client_payload')) || orNothing(at(payload, 'inputs')),
        }
      },
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

/** Of a branch or tag that was deleted there is nothing to list; a push without commits shows what it points at. */
function pushed(payload: View): ViewObject {
  const commits = listAt(payload, 'commits')
  const head = at(payload, 'head_commit')
  const ref = textAt(payload, 'ref')
  const { shown, more } = firstFew(commits.length === 0 && head !== null ? [head] : commits, 10)
  return {
    branch: refName(ref),
    label: refLabel(ref),
    gone: at(payload, 'deleted') === true || isNoCommit(textAt(payload, 'after')),
    shown: shown.map((commit) => commitView(commit, 7)),
    // GitHub sends 2,048 commits at most and does not count the rest.
    more: commits.length < 2048 ? more : `at least ${commits.length - 10}`,
  }
}

function happened(payload: View): string {
  const action = textAt(payload, 'action')
  if (action === 'closed' && at(payload, 'pull_request.merged') === true) return 'merged'
  if (action === 'synchronize') return 'updated'
  return action.replaceAll('_', ' ')
}

/** What a dispatch was given. */
const orNothing = (view: View): View => (isObject(view) && Object.keys(view).length > 0 ? view : null)
