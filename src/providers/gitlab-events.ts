import type { Condition } from '../domain/hook.ts'
import type { View, ViewObject } from '../payload/view.ts'
import {
  arrow,
  at,
  byWho,
  commitLines,
  commitView,
  firstFew,
  firstLine,
  firstText,
  given,
  inWhere,
  isNoCommit,
  line,
  lines,
  listAt,
  namesAt,
  ofWhere,
  paragraph,
  refLabel,
  refName,
  somebody,
  textAt,
  thingsIn,
} from './preset.ts'
import type { Message, Preset } from './sender.ts'

/** All but these: what GitLab adds one day is told rather than swallowed. */
const allBut = (path: string, values: string): Condition => ({ not: { path, in: values.split(' ') } })

const running =
  'created waiting_for_resource waiting_for_callback preparing pending running scheduled manual canceling'

/** `Issue #3 in acme/billing, open by alice: Totals are off by a cent`, the page, the text. */
const thing = (title: string, number: string, more: readonly string[] = []): Message => ({
  about: 'object_attributes',
  template: lines(
    `${title}${given(number, 'object_attributes.iid')}${inWhere}${given(', ', 'object_attributes.action')}${byWho}${given(': ', 'object_attributes.title')}`,
    ...more,
    line('object_attributes.url'),
    paragraph('object_attributes.description'),
  ),
  only: allBut('object_attributes.action', 'update'),
})

/** Updates that call for something: what was pushed to it, and whose review is wanted. */
const newCommitsOrReviewers: readonly Condition[] = [
  { path: 'object_attributes.oldrev', exists: true },
  { path: 'changes.reviewers', exists: true },
]

const push: Message = {
  about: 'ref',
  template: `{{#gone}}
${somebody} deleted${given(' ', 'label')}${inWhere}.
{{/gone}}
{{^gone}}
Push${given(' to ', 'where')}${given(' (', 'label', ')')}${byWho}{{#isNew}}, new{{/isNew}}:
${line('message')}
${commitLines}
{{#unlisted}}
Commits: {{unlisted}}
{{/unlisted}}
${line('project.web_url')}
{{/gone}}`,
  derive: pushed,
}

/** docs.gitlab.com: user/project/integrations/webhook_events, and administration/system_hooks, which are flat. */
export const gitlabPreset: Preset = {
  eventOf: (payload, header) =>
    firstText(payload, 'object_kind', 'event_name') || (header('x-gitlab-event') ?? ''),
  derive: (payload) => ({
    where: firstText(
      payload,
      ...[
        'project.path_with_namespace',
        'path_with_namespace',
        'project_path_with_namespace',
        'project_name',
      ],
      ...['group.full_path', 'full_path', 'group_path', 'group.group_path'],
    ),
    who:
      firstText(payload, 'user.username', 'user.name') ||
      // In flat events these are whom the event is about.
      (textAt(payload, 'object_kind') && firstText(payload, 'user_username', 'user_name')),
  }),
  messages: {
    emoji: 'a reaction calls for nothing to be done',
    push,
    tag_push: push,
    pipeline: {
      about: 'object_attributes',
      template: lines(
        `Pipeline${given(' #', 'object_attributes.id')}${ofWhere}${given(' on ', 'object_attributes.ref')}${given(': ', 'object_attributes.status')}`,
        `{{#shownJobs}}\nFailed job${given(': ', 'name')}${given(' (stage ', 'stage', ')')}${given(': ', 'failure_reason')}\n{{/shownJobs}}\n{{#moreJobs}}\nand {{moreJobs}} more failed jobs\n{{/moreJobs}}`,
        `{{#commitTitle}}\nCommit: {{commitTitle}}${given(' (', 'commit.author.name', ')')}\n{{/commitTitle}}`,
        line('pipelineUrl'),
      ),
      only: allBut('object_attributes.status', running),
      derive: (payload) => {
        const failedJobs = listAt(payload, 'builds').filter(jobFailed)
        const { shown: shownJobs, more: moreJobs } = firstFew(failedJobs, 10)
        const page = textAt(payload, 'object_attributes.url')
        return {
          ...{ failedJobs, shownJobs, moreJobs, commitTitle: commitTitle(payload) },
          pipelineUrl: page || pageOf(payload, 'pipelines', 'object_attributes.id'),
        }
      },
    },
    build: {
      about: 'build_name',
      template: lines(
        `Job${given(' "', 'build_name', '"')}${given(' (stage ', 'build_stage', ')')}${ofWhere}${given(' on ', 'ref')}${given(': ', 'build_status')}${given(', ', 'reason')}{{#build_allow_failure}} (allowed to fail){{/build_allow_failure}}`,
        line('commitTitle', 'Commit: '),
        line('jobUrl'),
      ),
      byDefault: allBut('build_status', `${running} success skipped canceled`),
      derive: (payload) => ({
        commitTitle: commitTitle(payload),
        reason: textAt(payload, 'build_failure_reason').replace(/^unknown_failure$/, ''),
        jobUrl: pageOf(payload, 'jobs', 'build_id'),
      }),
    },
    merge_request: {
      ...thing('Merge request', ' !', [line('branches'), line('reviewers', 'Reviewers: ')]),
      only: { any: [allBut('object_attributes.action', 'update'), ...newCommitsOrReviewers] },
      derive: (payload) => ({
        reviewers: namesAt(payload, 'changes.reviewers.current', 'username'),
        branches: arrow(
          textAt(payload, 'object_attributes.source_branch'),
          textAt(payload, 'object_attributes.target_branch'),
        ),
      }),
    },
    issue: thing('Issue', ' #'),
    work_item: thing('Work item', ' #'),
    note: {
      about: 'object_attributes',
      template: lines(
        `${somebody} commented${inWhere}${given(' on merge request !', 'merge_request.iid')}${given(' on issue #', 'issue.iid')}${given(' on commit ', 'commitTitle')}${given(' on snippet ', 'snippet.title')}:`,
        line('object_attributes.url'),
        paragraph('object_attributes.note'),
      ),
      byDefault: allBut('object_attributes.action', 'update'),
      derive: (payload) => ({ commitTitle: commitTitle(payload) }),
    },
    deployment: {
      about: 'status',
      template: lines(
        `Deployment${ofWhere}${given(' to ', 'environment')}${byWho}${given(': ', 'status')}`,
        line('commit_title', 'Commit: '),
        line('page'),
      ),
      byDefault: allBut('status', running),
      derive: (payload) => ({
        page: firstText(payload, 'deployable_url', 'environment_external_url', 'commit_url'),
      }),
    },
    release: {
      about: 'tag',
      template: lines(
        `Release${given(' ', 'tag')}${inWhere}${given(', ', 'action')}${given(': ', 'name')}`,
        line('url'),
        paragraph('description'),
      ),
      byDefault: allBut('action', 'update'),
    },
  },
  otherwise: {
    template: lines(
      `GitLab: {{event}}{{^event}}an event without a name{{/event}}${given(' ', 'act')}${inWhere}${byWho}{{#about}}: {{about}}{{/about}}{{^about}}.{{/about}}`,
      line('page'),
    ),
    derive: (payload) => ({
      act: actOf(payload),
      about: aboutOf(payload),
      page: firstText(payload, 'object_attributes.url', 'project.web_url', 'group.web_url'),
    }),
  },
}

function pushed(payload: View): ViewObject {
  const ref = textAt(payload, 'ref')
  // GitLab sends 20 commits at most, in hooks of the system none, and how many there were.
  const total = at(payload, 'total_commits_count')
  const { shown, more } = firstFew(listAt(payload, 'commits'), 10, total)
  return {
    branch: refName(ref),
    label: refLabel(ref),
    gone: isNoCommit(textAt(payload, 'after')),
    isNew: isNoCommit(textAt(payload, 'before')),
    shown: shown.map((commit) => commitView(commit, 8)),
    ...(shown.length > 0 ? { more } : { more: null, unlisted: total }),
  }
}

const jobFailed = (job: View): boolean =>
  textAt(job, 'status') === 'failed' && at(job, 'allow_failure') !== true

const commitTitle = (payload: View): string => firstLine(firstText(payload, 'commit.title', 'commit.message'))

/** Older servers send no page of a pipeline, and none of a job. */
function pageOf(payload: View, kind: string, idPath: string): string {
  const project = firstText(payload, 'project.web_url', 'repository.homepage')
  const id = at(payload, idPath)
  return project && typeof id === 'number' ? `${project}/-/${kind}/${id}` : project
}

/** Events of the system name users, groups and what something was called before, side by side. */
const flatNames: readonly (readonly [string, string])[] = [
  ['', 'user_username'],
  ['', 'username'],
  ['', 'name'],
  ['as ', 'access_level'],
  ['as ', 'group_access'],
  ['was ', 'old_path_with_namespace'],
  ['was ', 'old_full_path'],
  ['was ', 'old_username'],
  ['owner ', 'owner_name'],
]

const frame = [
  ...['project', 'user', 'repository', 'changes', 'labels', 'assignees', 'reviewers', 'group', 'owners'],
  ...['commit', 'ref'],
]

function aboutOf(payload: View): string {
  const flat = flatNames.map(([before, name]) => [before, textAt(payload, name)] as const)
  const names = flat.filter(([, text]) => text !== '').map(([before, text]) => before + firstLine(text))
  const active = at(payload, 'object_attributes.active')
  const facts = [
    ...names,
    thingsIn(payload, frame).things,
    textAt(payload, 'object_attributes.severity'),
    typeof active === 'boolean' ? (active ? 'active' : 'not active') : '',
  ]
  return facts.filter((fact) => fact !== '').join(', ')
}

/** What happened to the thing, where the kind of event is the thing alone. */
function actOf(payload: View): string {
  const name = textAt(payload, 'event_name')
  return (
    firstText(payload, 'object_attributes.action', 'action') ||
    (textAt(payload, 'object_kind') !== '' && name !== textAt(payload, 'object_kind') ? name : '')
  )
}
