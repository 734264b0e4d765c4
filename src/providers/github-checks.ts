import type { Condition } from '../domain/hook.ts'
import type { View, ViewObject } from '../payload/view.ts'
import {
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
  refName,
  textAt,
} from './preset.ts'
import type { Message } from './sender.ts'

/** What still runs, and a single check that did not fail: `check_suite` and `workflow_run` tell of the end of all. */
const endedBadly = (object: string, member: string): Condition => ({
  not: {
    any: [
      { path: 'action', in: ['created', 'rerequested', 'requested', 'queued', 'in_progress', 'waiting'] },
      { path: `${object}.${member}`, in: ['success', 'neutral', 'skipped', 'cancelled'] },
    ],
  },
})

const named = (title: string, name: string): string => `${title}${given(' "', name, '"')}`
const onBranch = given(' on ', 'branch')
const outcome = given(': ', 'outcome')

/** GitHub's events about work that machines do: what, of which repository and branch, how it ended, where to look. */
export const checkMessages: { readonly [event: string]: Message | string } = {
  // Its steps are in `workflow_job`: GitHub leaves them out here.
  workflow_run: {
    about: 'workflow_run',
    template: lines(
      `${named('Workflow', 'workflow_run.name')}${ofWhere}${onBranch}${outcome}`,
      line('run'),
      line('commitTitle', 'Commit: '),
      line('workflow_run.html_url'),
    ),
    only: { not: { path: 'action', in: ['requested', 'in_progress'] } },
    derive: (payload) => ({ ...ended(payload, 'workflow_run'), run: runOf(payload) }),
  },
  workflow_job: {
    about: 'workflow_job',
    template: lines(
      `${named('Job', 'workflow_job.name')}${given(' of workflow "', 'workflow_job.workflow_name', '"')}${inWhere}${onBranch}${outcome}`,
      `{{#shownSteps}}\nFailed step${given(' ', 'number')}${given(': ', 'name')}\n{{/shownSteps}}\n{{#moreSteps}}\nand {{moreSteps}} more failed steps\n{{/moreSteps}}`,
      line('workflow_job.html_url', 'Job: '),
      line('runUrl', 'Run: '),
    ),
    only: endedBadly('workflow_job', 'conclusion'),
    derive: (payload) => ({
      ...ended(payload, 'workflow_job'),
      ...stepsOf(payload),
      runUrl: runUrlOf(textAt(payload, 'workflow_job.html_url')),
    }),
  },
  check_run: {
    about: 'check_run',
    template: lines(
      `${named('Check', 'check_run.name')}${ofWhere}${onBranch}${outcome}`,
      line('requested_action.identifier', 'Asked for: '),
      line('check_run.output.title'),
      line('page'),
    ),
    byDefault: endedBadly('check_run', 'conclusion'),
    derive: (payload) => ({
      ...ended(payload, 'check_run'),
      branch: textAt(payload, 'check_run.check_suite.head_branch'),
      page: firstText(payload, 'check_run.html_url', 'check_run.details_url'),
    }),
  },
  check_suite: {
    about: 'check_suite',
    template: lines(
      `Checks${given(' of ', 'check_suite.app.name')}${inWhere}${onBranch}${outcome}`,
      line('commitTitle', 'Commit: '),
      line('page'),
    ),
    byDefault: { not: { path: 'action', in: ['requested', 'rerequested'] } },
    derive: (payload) => ({
      ...ended(payload, 'check_suite'),
      page: pageOfCommit(payload, textAt(payload, 'check_suite.head_sha')),
    }),
  },
  status: {
    about: 'state',
    template: lines(
      `${named('Status', 'context')}${ofWhere}${onBranch}${given(' (', 'shortSha', ')')}${given(': ', 'state')}`,
      line('description'),
      line('commitTitle', 'Commit: '),
      line('page'),
    ),
    byDefault: { not: { path: 'state', in: ['pending', 'success'] } },
    derive: (payload) => ({
      branch: textAt(payload, 'branches.0.name'),
      shortSha: textAt(payload, 'sha').slice(0, 7),
      commitTitle: firstLine(textAt(payload, 'commit.commit.message')),
      page: textAt(payload, 'target_url') || pageOfCommit(payload, textAt(payload, 'sha')),
    }),
  },
  deployment: 'it has only begun, and deployment_status tells of its end',
  deployment_status: {
    about: 'deployment_status',
    template: lines(
      `Deployment${ofWhere}${given(' to ', 'environment')}${onBranch}${byWho}${given(': ', 'deployment_status.state')}`,
      line('deployment_status.description'),
      line('page'),
    ),
    byDefault: {
      not: {
        path: 'deployment_status.state',
        in: ['pending', 'queued', 'in_progress', 'waiting', 'inactive'],
      },
    },
    derive: (payload) => ({
      branch: refName(textAt(payload, 'deployment.ref')),
      environment: firstText(payload, 'deployment_status.environment', 'deployment.environment'),
      page:
        firstText(
          payload,
          'deployment_status.log_url',
          'deployment_status.target_url',
          'deployment_status.environment_url',
          'workflow_run.html_url',
        ) || pageOfCommit(payload, textAt(payload, 'deployment.sha')),
    }),
  },
  deployment_review: {
    about: 'workflow_run',
    template: lines(
      `Deployment${ofWhere}${given(' to ', 'environment')}: review${given(' ', 'action')}${byWho}`,
      line('workflow_run.display_title', 'Run: '),
      line('workflow_run.html_url'),
    ),
  },
  page_build: {
    about: 'build',
    template: lines(
      `Pages build${ofWhere}${byWho}${given(': ', 'build.status')}`,
      line('build.error.message'),
      line('repository.html_url'),
    ),
    byDefault: { not: { path: 'build.status', in: ['queued', 'building'] } },
  },
  merge_group: {
    about: 'merge_group',
    template: lines(
      `Merge group${inWhere}${given(' ', 'action')}${given(': ', 'reason')}`,
      line('commitTitle', 'Commit: '),
      line('page'),
    ),
    byDefault: { not: { path: 'action', equals: 'checks_requested' } },
    derive: (payload) => ({
      commitTitle: firstLine(textAt(payload, 'merge_group.head_commit.message')),
      page: pageOfCommit(payload, textAt(payload, 'merge_group.head_sha')),
    }),
  },
}

const ended = (payload: View, object: string): ViewObject => ({
  branch: textAt(payload, `${object}.head_branch`),
  outcome: firstText(payload, `${object}.conclusion`, `${object}.status`),
  commitTitle: firstLine(textAt(payload, `${object}.head_commit.message`)),
})

/** `Run #41, attempt 2, started by alice (push)` */
function runOf(payload: View): string {
  const run = at(payload, 'workflow_run')
  const [number, attempt] = [at(run, 'run_number'), at(run, 'run_attempt')]
  const [who, why] = [firstText(run, 'actor.login', 'triggering_actor.login'), textAt(run, 'event')]
  const facts = [
    ...(typeof number === 'number' ? [`#${number}`] : []),
    ...(typeof attempt === 'number' ? [`attempt ${attempt}`] : []),
    ...(who === '' ? [] : [`started by ${who}`]),
  ]
  const text = facts.join(', ') + (why === '' ? '' : ` (${why})`)
  return text === '' ? '' : `Run ${text.trim()}`
}

/** A page of a job without its number is that of the run. */
function runUrlOf(job: string): string {
  const run = job.replace(/\/job\/\d+$/, '')
  return run === job ? '' : run
}

function stepsOf(payload: View): ViewObject {
  const failedSteps = listAt(payload, 'workflow_job.steps').filter(stepFailed)
  const { shown: shownSteps, more: moreSteps } = firstFew(failedSteps, 10)
  return { failedSteps, shownSteps, moreSteps }
}

const stepFailed = (step: View): boolean => ['failure', 'timed_out'].includes(textAt(step, 'conclusion'))

function pageOfCommit(payload: View, sha: string): string {
  const repository = textAt(payload, 'repository.html_url')
  return repository && sha ? `${repository}/commit/${sha}` : repository
}
