import { isObject, type View, type ViewObject } from '../payload/view.ts'
import { alertMessages } from './github-alerts.ts'
import { checkMessages } from './github-checks.ts'
import { talkMessages } from './github-talk.ts'
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
import type { Preset } from './sender.ts'

/** Members of every event that are not what it is about. */
const frame = [
  ...['repository', 'sender', 'organization', 'enterprise', 'installation', 'requester', 'changes'],
  ...['client_payload', 'inputs'],
]

/** The messages of GitHub, and of forges that send the same shapes. */
export const forgePreset = (name: string, eventHeader: string): Preset => ({
  eventOf: (_payload, header) => header(eventHeader) ?? '',
  derive: (payload) => ({
    where: firstText(
      payload,
      'repository.full_name',
      'organization.login',
      'enterprise.name',
      'installation.account.login',
    ),
    who: firstText(payload, 'sender.login', 'pusher.login'),
    happened: happened(payload),
  }),
  nothingIn: { ping: `${name} only tries the address` },
  messages: {
    star: 'a star calls for nothing to be done',
    watch: 'a star calls for nothing to be done',
    fork: 'a fork calls for nothing to be done',
    push: {
      about: 'ref',
      template: `{{#gone}}
${somebody} deleted${given(' ', 'label')}${inWhere}.
{{/gone}}
{{^gone}}
Push${given(' to ', 'where')}${given(' (', 'label', ')')}${byWho}{{#isNew}}, new{{/isNew}}{{#forced}}, forced{{/forced}}:
${commitLines}
${line('page')}
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
      only: { not: { path: 'action', in: ['created', 'edited', 'updated', 'prereleased', 'released'] } },
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
    template: `${name}: {{event}}{{^event}}an event without a name{{/event}}${given(' ', 'action')}${inWhere}${byWho}{{#things}}: {{things}}{{/things}}${given(' (was ', 'was', ')')}{{^things}}.{{/things}}
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
})

/** Of a branch or tag that was deleted there is nothing to list; a push without commits shows what it points at. */
function pushed(payload: View): ViewObject {
  const commits = listAt(payload, 'commits')
  const head = at(payload, 'head_commit')
  const ref = textAt(payload, 'ref')
  const total = at(payload, 'total_commits')
  const { shown, more } = firstFew(commits.length === 0 && head !== null ? [head] : commits, 10, total)
  return {
    branch: refName(ref),
    label: refLabel(ref),
    isNew: at(payload, 'created') === true || isNoCommit(textAt(payload, 'before')),
    gone: at(payload, 'deleted') === true || isNoCommit(textAt(payload, 'after')),
    shown: shown.map((commit) => commitView(commit, 7)),
    page: firstText(payload, 'compare', 'compare_url'),
    // GitHub sends 2,048 commits at most and does not count the rest, Gitea does.
    more: commits.length < 2048 ? more : `at least ${commits.length - 10}`,
  }
}

function happened(payload: View): string {
  const action = textAt(payload, 'action')
  if (action === 'closed' && at(payload, 'pull_request.merged') === true) return 'merged'
  if (action === 'synchronize' || action === 'synchronized') return 'updated'
  return action.replaceAll('_', ' ')
}

/** What a dispatch was given. */
const orNothing = (view: View): View => (isObject(view) && Object.keys(view).length > 0 ? view : null)
