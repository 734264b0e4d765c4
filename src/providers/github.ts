import { isObject, type View, type ViewObject } from '../payload/view.ts'
import { jsonAnswer } from './answer.ts'
import { alertMessages } from './github-alerts.ts'
import { checkMessages } from './github-checks.ts'
import { talkMessages } from './github-talk.ts'
import { hmacScheme } from './hmac.ts'
import {
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

/** Members of every event that are not what it is about. */
const frame = [
  ...['repository', 'sender', 'organization', 'enterprise', 'installation', 'requester', 'changes'],
  ...['client_payload', 'inputs'],
]

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
        about: 'ref',
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
      create: {
        about: 'ref',
        template: `${somebody} created${given(' ', 'ref_type')}${given(' ', 'ref')}${inWhere}.`,
      },
      delete: {
        about: 'ref',
        template: `${somebody} deleted${given(' ', 'ref_type')}${given(' ', 'ref')}${inWhere}.`,
      },
      release: {
        about: 'release',
        template: lines(
          `Release${given(' ', 'release.tag_name')}${given(' ', 'happened')}${inWhere}${byWho}${given(': ', 'release.name')}`,
          line('release.html_url'),
          paragraph('release.body'),
        ),
        only: { not: { path: 'action', in: ['created', 'edited', 'prereleased', 'released'] } },
      },
      gollum: {
        about: 'pages',
        template: `${somebody} edited the wiki${ofWhere}:
{{#shown}}
-${given(' ', 'action')}${given(' ', 'title')}${given(': ', 'html_url')}
{{/shown}}
{{#more}}
- and {{more}} more
{{/more}}`,
        derive: (payload) => firstFew(listAt(payload, 'pages'), 10),
      },
      ...talkMessages,
      ...checkMessages,
      ...alertMessages,
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
