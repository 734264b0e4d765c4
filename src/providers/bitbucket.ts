import type { View, ViewObject } from '../payload/view.ts'
import { hmacScheme } from './hmac.ts'
import {
  arrow,
  at,
  byWho,
  firstFew,
  firstLine,
  firstText,
  given,
  inWhere,
  line,
  lines,
  listAt,
  ofWhere,
  paragraph,
  textAt,
  thingsIn,
} from './preset.ts'
import type { Message, Preset, Sender } from './sender.ts'

const pullRequest: Message = {
  about: 'pullrequest',
  template: lines(
    `Pull request${given(' #', 'pullrequest.id')}${given(' ', 'happened')}${inWhere}${byWho}${given(': ', 'pullrequest.title')}`,
    line('branches'),
    line('page'),
    paragraph('text'),
  ),
  derive: (payload) => ({
    branches: arrow(
      textAt(payload, 'pullrequest.source.branch.name'),
      textAt(payload, 'pullrequest.destination.branch.name'),
    ),
    page: textAt(payload, 'pullrequest.links.html.href'),
    text: firstText(payload, 'comment.content.raw', 'pullrequest.description'),
  }),
}

const commitStatus: Message = {
  about: 'commit_status',
  template: lines(
    `Status${given(' "', 'commit_status.name', '"')}${ofWhere}${given(' on ', 'commit_status.refname')}${given(': ', 'commit_status.state')}`,
    line('commit_status.description'),
    line('commit_status.url'),
  ),
  byDefault: { not: { path: 'commit_status.state', in: ['INPROGRESS', 'SUCCESSFUL'] } },
}

const push: Message = {
  about: 'push',
  template: lines(
    `Push${given(' to ', 'where')}${byWho}:`,
    '{{#shown}}\n- {{what}}\n{{/shown}}\n{{#more}}\n- and {{more}} more\n{{/more}}',
    '{{#truncated}}\n- and more that Bitbucket left out\n{{/truncated}}',
    line('page'),
  ),
  derive: pushed,
}

const pullRequestEvents = [
  ...['created', 'updated', 'approved', 'unapproved', 'changes_request_created', 'changes_request_removed'],
  ...['fulfilled', 'rejected', 'comment_created', 'comment_reopened'],
]

/** support.atlassian.com, "Event payloads" of Bitbucket Cloud; developer.atlassian.com, "Webhooks" of Jira. */
const preset: Preset = {
  eventOf: (payload, header) => header('x-event-key') ?? textAt(payload, 'webhookEvent'),
  derive: (payload, header) => ({
    where: repositoryIn(payload),
    who: firstText(
      payload,
      ...['actor.display_name', 'actor.displayName', 'user.displayName', 'comment.author.displayName'],
    ),
    happened: happenedIn((header('x-event-key') ?? '').replace(/^.*:/, '')),
  }),
  nothingIn: { 'diagnostics:ping': 'Bitbucket only tries the address' },
  messages: {
    'repo:push': push,
    'repo:fork': 'a fork calls for nothing to be done',
    'repo:commit_status_created': commitStatus,
    'repo:commit_status_updated': commitStatus,
    'pullrequest:comment_updated': 'a comment was edited',
    'pullrequest:comment_deleted': 'a comment was deleted',
    ...Object.fromEntries(pullRequestEvents.map((name) => [`pullrequest:${name}`, pullRequest])),
  },
  otherwise: {
    template: lines(
      `{{sender}}: {{event}}{{^event}}an event without a name{{/event}}${given(' ', 'issue.key')}${inWhere}${byWho}{{#things}}: {{things}}{{/things}}{{^things}}.{{/things}}`,
      line('changed', 'Changed: '),
      line('page'),
      paragraph('text'),
    ),
    derive: ofOther,
  },
}

/** Bitbucket Data Center names a repository by its project, and has that of a pull request at its target. */
function repositoryIn(payload: View): string {
  const target = at(payload, 'pullRequest.toRef.repository')
  const repository = target === null ? at(payload, 'repository') : target
  const names = [textAt(repository, 'project.key'), textAt(repository, 'slug')]
  return textAt(repository, 'full_name') || names.filter((name) => name !== '').join('/')
}

function happenedIn(action: string): string {
  if (action === 'fulfilled') return 'merged'
  return action === 'rejected' ? 'declined' : action.replaceAll('_', ' ')
}

/** A push may move several branches: a line for each, then its commits. */
function pushed(payload: View): ViewObject {
  const changes = listAt(payload, 'push.changes')
  const { shown, more } = firstFew(changes.flatMap(linesOf), 10)
  return {
    shown: shown.map((what) => ({ what })),
    more,
    truncated: changes.some((change) => at(change, 'truncated') === true),
    page: firstText(changes[0] ?? null, 'links.html.href') || textAt(payload, 'repository.links.html.href'),
  }
}

function linesOf(change: View): readonly string[] {
  const [before, after] = [at(change, 'old'), at(change, 'new')]
  const label = [textAt(after ?? before, 'type'), textAt(after ?? before, 'name')].join(' ').trim()
  if (after === null) return [`deleted ${label}`.trim()]
  const state = before === null ? ', new' : at(change, 'forced') === true ? ', forced' : ''
  return [`${label || 'a branch'}${state}`, ...listAt(change, 'commits').map(commitOf)]
}

const commitOf = (commit: View): string =>
  `${textAt(commit, 'hash').slice(0, 7)} ${firstLine(textAt(commit, 'message'))}`.trim() || 'a commit'

/** Every event of Jira, and those of Bitbucket without a message of their own. */
function ofOther(payload: View): ViewObject {
  const frame = ['repository', 'actor', 'user', 'changelog', 'comment']
  const summary = firstLine(textAt(payload, 'issue.fields.summary'))
  const status = textAt(payload, 'issue.fields.status.name')
  return {
    sender: textAt(payload, 'webhookEvent') === '' ? 'Bitbucket' : 'Jira',
    things: summary === '' ? thingsIn(payload, frame).things : `${summary}${status && ` (${status})`}`,
    changed: changesIn(payload) || refsIn(payload),
    page: firstText(payload, ...pages) || pageInJira(payload),
    text: firstText(
      payload,
      'comment.content.raw',
      'comment.body',
      'comment.text',
      'pullRequest.description',
    ),
  }
}

const pages = [
  ...['issue.links.html.href', 'repository.links.html.href'],
  ...['pullRequest.links.self.0.href', 'repository.links.self.0.href'],
]

/** `main UPDATE, v1.2 ADD`, of a push to Bitbucket Data Center. */
const refsIn = (payload: View): string =>
  listAt(payload, 'changes')
    .slice(0, 10)
    .map((change) => [textAt(change, 'ref.displayId'), textAt(change, 'type')].join(' ').trim())
    .filter((text) => text !== '')
    .join(', ')

/** Jira sends only the address of its API: `…/rest/api/2/issue/10002`. */
function pageInJira(payload: View): string {
  const [self, key] = [textAt(payload, 'issue.self'), textAt(payload, 'issue.key')]
  return self.includes('/rest/') && key !== '' ? self.replace(/\/rest\/.*$/, `/browse/${key}`) : ''
}

/** `status: To Do → Done`, of Jira's changelog. */
const changesIn = (payload: View): string =>
  listAt(payload, 'changelog.items')
    .slice(0, 10)
    .map((item) => {
      const values = arrow(firstLine(textAt(item, 'fromString')), firstLine(textAt(item, 'toString')))
      return [textAt(item, 'field'), values].filter((text) => text !== '').join(': ')
    })
    .filter((text) => text !== '')
    .join(', ')

/** support.atlassian.com, "Secure webhooks": no `-256` in the name. */
export const bitbucket: Sender = {
  title: 'Bitbucket, Jira',
  scheme: hmacScheme({ header: 'x-hub-signature', prefix: 'sha256=', idHeader: 'x-request-uuid' }),
  preset,
  sample: {
    headers: { 'x-event-key': 'repo:push' },
    body: {
      repository: { full_name: 'acme/billing' },
      actor: { display_name: 'Alice' },
      push: { changes: [{ old: { name: 'main' }, new: { type: 'branch', name: 'main' } }] },
    },
  },
}
