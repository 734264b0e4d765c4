import type { Condition } from '../domain/hook.ts'
import {
  arrow,
  at,
  byWho,
  firstText,
  given,
  inWhere,
  line,
  lines,
  ofWhere,
  paragraph,
  somebody,
  textAt,
} from './preset.ts'
import type { Message } from './sender.ts'

/** All but these: an action that GitHub adds one day is told rather than swallowed. */
const allBut = (actions: string): Condition => ({ not: { path: 'action', in: actions.split(' ') } })

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

/** GitHub's events about what people write to each other. */
export const talkMessages: { readonly [event: string]: Message } = {
  pull_request: {
    about: 'pull_request',
    template: `Pull request${given(' #', 'number')}${given(' ', 'happened')}${inWhere}${byWho}${given(': ', 'pull_request.title')}${given(' (', 'reason', ')')}
{{#branches}}
{{branches}}{{#pull_request.draft}} (draft){{/pull_request.draft}}
{{/branches}}
${line('reviewer', 'Review requested of ')}
${line('pull_request.html_url')}
${paragraph('pull_request.body')}`,
    only: allBut(
      'assigned unassigned labeled unlabeled locked unlocked edited milestoned demilestoned ' +
        'review_request_removed auto_merge_enabled auto_merge_disabled converted_to_draft enqueued ' +
        'label_updated label_cleared',
    ),
    derive: (payload) => ({
      branches: arrow(textAt(payload, 'pull_request.head.ref'), textAt(payload, 'pull_request.base.ref')),
      reviewer: firstText(payload, 'requested_reviewer.login', 'requested_team.name'),
    }),
  },
  pull_request_review: {
    about: 'review',
    template: `Review of pull request${given(' #', 'pull_request.number')}${inWhere}${given(' by ', 'review.user.login')}${given(': ', 'review.state')}
${line('review.html_url')}
${paragraph('review.body')}`,
    only: allBut('edited'),
  },
  pull_request_review_comment: {
    about: 'comment',
    template: comment(
      `${given('', 'comment.path')}${given(', line ', 'comment.line')}{{#comment.path}} in {{/comment.path}}pull request${given(' #', 'pull_request.number')}${ofWhere}`,
    ),
    only: allBut('edited deleted'),
  },
  pull_request_review_thread: {
    about: 'pull_request',
    template: thing('Review thread of pull request', 'pull_request'),
    byDefault: allBut('resolved'),
  },
  issues: {
    about: 'issue',
    template: thing(
      'Issue',
      'issue',
      `${given(' [', 'label.name', ']')}${given(' (assigned to ', 'assignee.login', ')')}`,
    ),
    only: allBut(
      'edited unassigned unlabeled milestoned demilestoned locked unlocked ' +
        'pinned unpinned typed untyped label_updated label_cleared',
    ),
  },
  issue_comment: {
    about: 'comment',
    template: comment(`{{kind}}${numbered('issue')}`),
    only: allBut('edited deleted pinned unpinned'),
    derive: (payload) => ({
      kind: at(payload, 'issue.pull_request') === null ? 'issue' : 'pull request',
    }),
  },
  discussion: {
    about: 'discussion',
    template: thing('Discussion', 'discussion'),
    byDefault: allBut('edited labeled unlabeled locked unlocked pinned unpinned category_changed'),
  },
  discussion_comment: {
    about: 'comment',
    template: comment(`discussion${numbered('discussion')}`),
    byDefault: allBut('edited deleted'),
  },
  commit_comment: {
    about: 'comment',
    template: comment(`commit${given(' ', 'sha')}${ofWhere}`),
    derive: (payload) => ({ sha: textAt(payload, 'comment.commit_id').slice(0, 7) }),
  },
}
