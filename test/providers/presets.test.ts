import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Hook } from '../../src/domain/hook.ts'
import { createHookRenderer, type Rendering } from '../../src/inbound/webhook-message.ts'
import { parsePayload } from '../../src/payload/parse.ts'
import { compileTemplate } from '../../src/payload/template.ts'
import { presetNames, presetOf, schemeForPreset, schemeNames } from '../../src/providers/index.ts'
import { alertmanager, github, gitlab, grafana, sentry, stripe } from '../fixtures/payloads.ts'

const hook = (fields: Partial<Hook>): Hook => ({
  name: 'h',
  path: '/api/hooks/h',
  active: true,
  action: 'agent',
  verify: { scheme: 'bearer', secrets: [] },
  maxBodyBytes: 1_048_576,
  fence: false,
  ...fields,
})

async function render(
  fields: Partial<Hook>,
  payload: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Rendering> {
  const view = await parsePayload(new TextEncoder().encode(JSON.stringify(payload)), 'application/json')
  return createHookRenderer(hook(fields))({ payload: view, header: (name) => headers[name] })
}

const nothing = '0'.repeat(40)

const alerts = (status: string, count: number) =>
  Array.from({ length: count }, (_, index) => ({
    status,
    labels: { alertname: 'DiskFull', instance: `db${index}` },
  }))

const checkRun = (action: string, conclusion: string | null) => ({
  ...github.checkRun,
  action,
  check_run: { ...github.checkRun.check_run, conclusion },
})

describe('presets', () => {
  const github_ = (event: string) => ({ 'x-github-event': event })
  const sentry_ = (resource: string) => ({ 'sentry-hook-resource': resource })
  const cases: readonly {
    readonly title: string
    readonly preset: string
    readonly payload: unknown
    readonly headers?: Readonly<Record<string, string>>
    readonly lines: readonly string[]
  }[] = [
    {
      title: 'WhatsApp message beside one that was delivered',
      preset: 'meta',
      payload: {
        object: 'whatsapp_business_account',
        entry: [
          { changes: [{ field: 'messages', value: { statuses: [{ status: 'delivered' }] } }] },
          {
            changes: [
              {
                field: 'messages',
                value: {
                  contacts: [{ profile: { name: 'Sheena' } }],
                  messages: [{ from: '16505551234', type: 'text', text: { body: 'In blue?' } }],
                },
              },
            ],
          },
        ],
      },
      lines: ['Meta, whatsapp_business_account:', '- text from Sheena, 16505551234: In blue?'],
    },
    {
      title: 'Discord command below a command',
      preset: 'discord',
      payload: {
        ...{ type: 2, channel: { name: 'ops' }, member: { user: { username: 'mason' } } },
        data: {
          name: 'deploy',
          options: [{ type: 1, name: 'to', options: [{ type: 5, name: 'now', value: true }] }],
        },
      },
      lines: ['Discord: command deploy in ops by mason', '- to', '- now: true'],
    },
    {
      title: 'Twitch subscription that was revoked',
      preset: 'twitch',
      payload: { subscription: { type: 'stream.online', status: 'user_removed' } },
      lines: ['Twitch: stream.online, subscription ended: user_removed'],
    },
    {
      title: 'Zoom recording',
      preset: 'zoom',
      payload: {
        event: 'recording.completed',
        payload: { object: { id: 1234567890, topic: 'Review', share_url: 'https://zoom.us/rec/share/a' } },
        download_token: 'never to be seen',
      },
      lines: ['Zoom: recording.completed: Review (1234567890)', 'https://zoom.us/rec/share/a'],
    },
    {
      title: 'Square payment in a currency without a smaller unit',
      preset: 'square',
      payload: {
        type: 'payment.created',
        data: {
          id: 'Kk',
          object: { payment: { amount_money: { amount: 500, currency: 'JPY' }, status: 'APPROVED' } },
        },
      },
      lines: ['Square: payment.created, 500 JPY (APPROVED)', 'Id Kk'],
    },
    {
      title: 'Microsoft Graph, a change and the end of a subscription, without clientState',
      preset: 'microsoft-graph',
      payload: {
        value: [
          { changeType: 'updated', resource: 'me/events/1', clientState: 'never to be seen' },
          { lifecycleEvent: 'subscriptionRemoved', subscriptionId: '7f105c7d' },
        ],
      },
      lines: ['Microsoft Graph:', '- updated: me/events/1', '- subscriptionRemoved (subscription 7f105c7d)'],
    },
    {
      title: 'Dropbox',
      preset: 'dropbox',
      payload: { list_folder: { accounts: ['dbid:AAH4f99'] } },
      lines: ['Dropbox: files changed; list_folder/continue lists them.', '- dbid:AAH4f99'],
    },
    {
      title: 'GitHub push',
      preset: 'github',
      payload: github.push,
      headers: github_('push'),
      lines: [
        'Push to acme/billing (main) by alice:',
        '- 0d1a26e Fix invoice rounding (Alice)',
        '- 99a1b2c Add a test (Bob)',
        'https://github.com/acme/billing/compare/aaa...bbb',
      ],
    },
    {
      title: 'GitHub push that deletes a branch',
      preset: 'github',
      payload: { ...github.push, deleted: true, commits: [] },
      headers: github_('push'),
      lines: ['alice deleted main in acme/billing.'],
    },
    {
      title: 'GitHub push of many commits',
      preset: 'github',
      payload: { ...github.push, commits: Array.from({ length: 12 }, () => github.push.commits[1]) },
      headers: github_('push'),
      lines: [
        'Push to acme/billing (main) by alice:',
        ...Array.from({ length: 10 }, () => '- 99a1b2c Add a test (Bob)'),
        '- and 2 more',
        'https://github.com/acme/billing/compare/aaa...bbb',
      ],
    },
    {
      title: 'GitHub pull request, merged',
      preset: 'github',
      payload: github.pullRequest,
      headers: github_('pull_request'),
      lines: [
        'Pull request #7 merged in acme/billing by alice: Round half up',
        'rounding → main',
        'https://github.com/acme/billing/pull/7',
      ],
    },
    {
      title: 'GitHub issue',
      preset: 'github',
      payload: github.issues,
      headers: github_('issues'),
      lines: [
        'Issue #12 opened in acme/billing by alice: Totals are off by a cent',
        'https://github.com/acme/billing/issues/12',
        '',
        'Seen in **March**.',
      ],
    },
    {
      title: 'GitHub comment on a pull request',
      preset: 'github',
      payload: github.issueComment,
      headers: github_('issue_comment'),
      lines: [
        'bob commented on pull request #12 of acme/billing (Totals are off by a cent):',
        'https://github.com/acme/billing/issues/12#issuecomment-1',
        '',
        'Looks good & "done"',
      ],
    },
    {
      title: 'GitHub workflow run',
      preset: 'github',
      payload: github.workflowRun,
      headers: github_('workflow_run'),
      lines: [
        'Workflow "CI" of acme/billing on main: failure',
        'Run #41, attempt 2, started by alice (push)',
        'Commit: Add a test',
        'https://github.com/acme/billing/actions/runs/501',
      ],
    },
    {
      title: 'GitHub workflow job with the step that failed',
      preset: 'github',
      payload: github.workflowJob,
      headers: github_('workflow_job'),
      lines: [
        'Job "test" of workflow "CI" in acme/billing on main: failure',
        'Failed step 2: Run the tests',
        'Job: https://github.com/acme/billing/actions/runs/501/job/900',
        'Run: https://github.com/acme/billing/actions/runs/501',
      ],
    },
    {
      title: 'GitHub event we do not know',
      preset: 'github',
      payload: github.star,
      headers: github_('teleport'),
      lines: ['GitHub: teleport created in acme/billing by alice.'],
    },
    {
      title: 'GitLab pipeline',
      preset: 'gitlab',
      payload: gitlab.pipeline,
      lines: [
        'Pipeline #31 of acme/billing on main: failed',
        'Failed job: unit (stage test): script_failure',
        'Commit: Add a test (Alice)',
        'https://gitlab.example/acme/billing/-/pipelines/31',
      ],
    },
    {
      title: 'GitLab merge request',
      preset: 'gitlab',
      payload: gitlab.mergeRequest,
      lines: [
        'Merge request !5 in acme/billing, open by alice: Round half up',
        'rounding → main',
        'https://gitlab.example/acme/billing/-/merge_requests/5',
      ],
    },
    {
      title: 'GitLab push that deletes a branch (it read "Push to")',
      preset: 'gitlab',
      payload: { ...gitlab.push, after: nothing, commits: [], total_commits_count: 0 },
      lines: ['alice deleted main in acme/billing.'],
    },
    {
      title: 'GitLab push that deletes a tag',
      preset: 'gitlab',
      payload: { ...gitlab.push, object_kind: 'tag_push', ref: 'refs/tags/v1', after: nothing, commits: [] },
      lines: ['alice deleted tag v1 in acme/billing.'],
    },
    {
      title: 'GitLab push of which GitLab sends 20 of 57 commits (it read "and 10 more")',
      preset: 'gitlab',
      payload: {
        ...gitlab.push,
        commits: Array.from({ length: 20 }, () => gitlab.push.commits[0]),
        total_commits_count: 57,
      },
      lines: [
        'Push to acme/billing (main) by alice:',
        ...Array.from({ length: 10 }, () => '- 0d1a26e6 Fix invoice rounding (Alice)'),
        '- and 47 more',
        'https://gitlab.example/acme/billing',
      ],
    },
    {
      title: 'GitLab system hook (it read "GitLab: .")',
      preset: 'gitlab',
      payload: { event_name: 'project_create', name: 'p', path_with_namespace: 'g/p', owner_name: 'o' },
      lines: ['GitLab: project_create in g/p: p, owner o'],
    },
    {
      title: 'GitLab job that failed (it read "GitLab: build.")',
      preset: 'gitlab',
      payload: gitlab.job,
      lines: [
        'Job "unit" (stage test) of acme / billing on main: failed, script_failure',
        'https://gitlab.example/acme/billing/-/jobs/1977',
      ],
    },
    {
      title: 'GitHub check run that failed (it named no result)',
      preset: 'github',
      payload: github.checkRun,
      headers: github_('check_run'),
      lines: ['Check "unit-tests" of acme/billing: failure', 'https://ci.example/runs/7'],
    },
    {
      title: 'GitHub status that failed (it named no result)',
      preset: 'github',
      payload: github.status,
      headers: github_('status'),
      lines: [
        'Status "ci/jenkins" of acme/billing on main (0d1a26e): failure',
        '2 tests failed',
        'https://ci.example/runs/8',
      ],
    },
    {
      title: 'GitHub deployment that ended (it named no result)',
      preset: 'github',
      payload: github.deploymentStatus,
      headers: github_('deployment_status'),
      lines: [
        'Deployment of acme/billing to production on main by alice: success',
        'https://ci.example/runs/9',
      ],
    },
    ...['success', 'cancelled', 'skipped', 'neutral', 'failure'].map((conclusion) => ({
      title: `GitHub workflow run, whatever its end: ${conclusion}`,
      preset: 'github',
      payload: { ...github.workflowRun, workflow_run: { name: 'CI', conclusion } },
      headers: github_('workflow_run'),
      lines: [`Workflow "CI" of acme/billing: ${conclusion}`],
    })),
    {
      title: 'GitHub push that makes a tag',
      preset: 'github',
      payload: { ...github.push, ref: 'refs/tags/v1', created: true, commits: [] },
      headers: github_('push'),
      lines: [
        'Push to acme/billing (tag v1) by alice, new:',
        '- Add a test',
        'https://github.com/acme/billing/compare/aaa...bbb',
      ],
    },
    {
      title: 'Stripe thin event (it was ignored)',
      preset: 'stripe',
      payload: stripe.thin,
      lines: [
        'Stripe (test mode): v1.billing.meter.error_report_triggered',
        'billing meter mtr_1',
        'Event evt_test_1',
      ],
    },
    {
      title: 'Stripe event of an unknown shape',
      preset: 'stripe',
      payload: { type: 'x' },
      lines: ['Stripe: x'],
    },
    {
      title: 'Alertmanager, what fires before ten that are resolved (it was hidden)',
      preset: 'alertmanager',
      payload: { alerts: [...alerts('resolved', 10), ...alerts('firing', 1)] },
      lines: [
        'Alertmanager: 1 firing, 10 resolved',
        '- firing: DiskFull on db0',
        ...Array.from({ length: 9 }, (_, index) => `- resolved: DiskFull on db${index}`),
        '- and 1 more',
      ],
    },
    {
      title: 'Alertmanager, more that fire than are shown, and what it left out (it was not counted)',
      preset: 'alertmanager',
      payload: { alerts: [...alerts('resolved', 1), ...alerts('firing', 12)], truncatedAlerts: 42 },
      lines: [
        'Alertmanager: 12 firing, 1 resolved',
        ...Array.from({ length: 10 }, (_, index) => `- firing: DiskFull on db${index}`),
        '- and 3 more (2 firing)',
        '- and 42 more that the sender left out',
      ],
    },
    {
      title: 'Grafana, what it left out (it was not counted)',
      preset: 'grafana',
      payload: { title: '[FIRING:10]', alerts: alerts('firing', 1), truncatedAlerts: 9 },
      lines: [
        'Grafana: 1 firing: [FIRING:10]',
        '- firing: DiskFull on db0',
        '- and 9 more that the sender left out',
      ],
    },
    {
      title: 'Alertmanager',
      preset: 'alertmanager',
      payload: alertmanager,
      lines: [
        'Alertmanager: 1 firing, 1 resolved (DiskFull)',
        '- firing: DiskFull on db1 (critical): Disk of db1 is full',
        '  Runbook: https://runbooks.example/disk',
        '  https://prometheus.example/graph',
        '- resolved: DiskFull on db2 (critical): Disk of db2 is full',
        '  Runbook: https://runbooks.example/disk',
        '  https://prometheus.example/graph',
        'https://alertmanager.example',
      ],
    },
    {
      title: 'Grafana',
      preset: 'grafana',
      payload: grafana,
      lines: [
        'Grafana: 1 firing: [FIRING:1] DiskFull (db1)',
        '- firing: DiskFull on db1 (critical): Disk of db1 is full',
        '  Values: B=99.5',
        '  Runbook: https://runbooks.example/disk',
        '  https://grafana.example/d/1?viewPanel=2',
        'https://grafana.example/',
      ],
    },
    {
      title: 'Sentry issue',
      preset: 'sentry',
      payload: sentry.issue,
      headers: sentry_('issue'),
      lines: [
        'Sentry: issue BILLING-1A created in billing (error): TypeError: total is undefined',
        'In invoice/total.ts in sum',
        'Seen 3 times, by 2 users, first 2026-05-01T10:00:00Z',
        'https://acme.sentry.io/issues/1/',
      ],
    },
    {
      title: 'Sentry alert',
      preset: 'sentry',
      payload: sentry.eventAlert,
      headers: sentry_('event_alert'),
      lines: [
        'Sentry: alert "Too many errors" triggered (error): TypeError: total is undefined',
        'In invoice/total.ts in sum',
        'https://acme.sentry.io/issues/1/events/2/',
      ],
    },
    {
      title: 'Stripe payment that failed',
      preset: 'stripe',
      payload: stripe.failedPayment,
      lines: [
        'Stripe (test mode): payment_intent.payment_failed, 19.99 EUR',
        'payment intent pi_1, requires_payment_method, customer cus_1',
        'Reason: Your card was declined.',
        'Event evt_1',
      ],
    },
    {
      title: 'Stripe charge in a currency without cents',
      preset: 'stripe',
      payload: stripe.yen,
      lines: ['Stripe: charge.succeeded, 500 JPY', 'charge ch_1, succeeded', 'Event evt_2'],
    },
  ]
  for (const { title, preset, payload, headers, lines } of cases)
    it(title, async () =>
      assert.deepEqual(await render({ preset }, payload, headers), { kind: 'text', text: lines.join('\n') }),
    )

  const cuts: readonly (readonly [string, number, string])[] = [
    ['as it is', 8000, 'x'.repeat(8000)],
    ['with how much was cut', 9000, `${'x'.repeat(8000)}… (1000 more characters)`],
    ['with how much was cut, however long', 400_000, `${'x'.repeat(8000)}… (392000 more characters)`],
  ]
  for (const [title, length, expected] of cuts)
    it(`print a text of ${length} characters ${title}`, async () => {
      const payload = { ...github.issues, issue: { ...github.issues.issue, body: 'x'.repeat(length) } }
      const rendering = await render({ preset: 'github' }, payload, github_('issues'))
      assert.equal(rendering.kind === 'text' && rendering.text.split('\n').at(-1), expected)
    })

  it('print a long address whole, and cut no character in two', async () => {
    const page = `https://ci.example/${'x'.repeat(9000)}`
    const payload = {
      ...github.checkRun,
      check_run: { html_url: page, output: { title: '😀'.repeat(5000) } },
    }
    const rendering = await render({ preset: 'github' }, payload, github_('check_run'))
    assert.deepEqual(rendering.kind === 'text' && rendering.text.split('\n').slice(1), [
      `${'😀'.repeat(4000)}… (2000 more characters)`,
      page,
    ])
  })

  it('cut nothing of what a template of the hook prints', async () => {
    const rendering = await render(
      { preset: 'github', template: '{{issue.body}}' },
      { issue: { body: 'x'.repeat(9000) } },
    )
    assert.deepEqual(rendering, { kind: 'text', text: 'x'.repeat(9000) })
  })

  it('tell of an event whose payload is not there, by its name alone', async () => {
    const rendering = await render({ preset: 'github' }, { ...github.issues, issue: null }, github_('issues'))
    assert.deepEqual(rendering, { kind: 'text', text: 'GitHub: issues opened in acme/billing by alice.' })
  })

  const ignored: readonly (readonly [string, string, unknown, Readonly<Record<string, string>>])[] = [
    ['a GitHub ping', 'github', github.ping, github_('ping')],
    [
      'a workflow that has only begun',
      'github',
      { ...github.workflowRun, action: 'requested' },
      github_('workflow_run'),
    ],
    [
      'a pull request that was only labelled',
      'github',
      { ...github.pullRequest, action: 'labeled' },
      github_('pull_request'),
    ],
    ['a Sentry installation', 'sentry', sentry.installation, sentry_('installation')],
    [
      'a pipeline that still runs',
      'gitlab',
      { ...gitlab.pipeline, object_attributes: { status: 'running' } },
      {},
    ],
    ...['running', 'created', 'pending', 'success'].map(
      (build_status) =>
        [`a GitLab job that is ${build_status}`, 'gitlab', { ...gitlab.job, build_status }, {}] as const,
    ),
    ['a check that passed', 'github', checkRun('completed', 'success'), github_('check_run')],
    ['a check that was created', 'github', checkRun('created', null), github_('check_run')],
    ['a status that is pending', 'github', { ...github.status, state: 'pending' }, github_('status')],
    ['a job that is queued', 'github', { ...github.workflowJob, action: 'queued' }, github_('workflow_job')],
    ['a fork', 'github', { ...github.star, action: undefined }, github_('fork')],
    ['a GitHub star', 'github', github.star, github_('star')],
    ['a list without events of Event Grid', 'azure-event-grid', [], {}],
  ]
  for (const [title, preset, payload, headers] of ignored)
    it(`ignores ${title}`, async () =>
      assert.equal((await render({ preset }, payload, headers)).kind, 'ignored'))

  it('have templates that parse, and schemes that exist', () => {
    for (const name of presetNames) {
      const { messages, otherwise } = presetOf(name) ?? assert.fail(name)
      const listed = Object.values(messages).filter((one) => typeof one === 'object')
      assert(schemeNames.includes(schemeForPreset(name)))
      for (const { template } of [...listed, ...(otherwise ? [otherwise] : [])]) compileTemplate(template)
    }
  })

  it('survive any payload and event', async () => {
    const payloads = [
      null,
      42,
      'x',
      [],
      {},
      { alerts: 'x', commits: [null, 1, []], ref: 7, type: {}, object_kind: 'constructor' },
    ]
    for (const preset of presetNames)
      for (const payload of payloads)
        for (const event of ['', 'push', 'constructor', '__proto__', 'workflow_job', 'issue'])
          assert.ok((await render({ preset }, payload, { ...github_(event), ...sentry_(event) })).kind)
  })
})

describe('createHookRenderer', () => {
  it('renders what the template makes of the payload', async () => {
    const template = 'Push to {{repository.name}} by {{sender.login}}: {{head_commit.message}}'
    const payload = {
      repository: { name: 'acme/billing' },
      sender: { login: 'alice' },
      head_commit: { message: 'Fix invoice rounding' },
    }
    const text = 'Push to acme/billing by alice: Fix invoice rounding'
    assert.deepEqual(await render({ template }, payload), { kind: 'text', text })
  })

  it("lets a template of the hook stand above the preset's, with the preset's names", async () => {
    const rendering = await render({ preset: 'github', template: '{{event}} to {{branch}}' }, github.push, {
      'x-github-event': 'push',
    })
    assert.deepEqual(rendering, { kind: 'text', text: 'push to main' })
  })

  /** Version 0.1.0 gave all of these to a hook with words of its own, and none of those below. */
  const interesting: readonly (readonly [string, string, object])[] = [
    ['github', 'star', { action: 'created' }],
    ['github', 'fork', {}],
    ['github', 'deployment', { action: 'created' }],
    ['github', 'status', { state: 'pending' }],
    ['github', 'check_run', { action: 'created', check_run: { status: 'queued' } }],
    ['github', 'check_suite', { action: 'requested', check_suite: {} }],
    ['github', 'discussion', { action: 'labeled', discussion: {} }],
    ['gitlab', '', { object_kind: 'build', build_name: 'unit', build_status: 'running' }],
    ['gitlab', '', { object_kind: 'emoji' }],
    ['gitlab', '', { object_kind: 'note', object_attributes: { action: 'update' } }],
  ]
  const unfinished: readonly (readonly [string, string, object])[] = [
    ['github', 'ping', { zen: 'Keep it logically awesome.' }],
    ['github', 'workflow_run', { action: 'in_progress', workflow_run: {} }],
    ['github', 'workflow_job', { action: 'queued', workflow_job: {} }],
    ['github', 'issues', { action: 'edited', issue: {} }],
    ['gitlab', '', { object_kind: 'pipeline', object_attributes: { status: 'running' } }],
    ['sentry', 'installation', { action: 'created' }],
  ]
  const eventHeaders = (event: string) => ({ 'x-github-event': event, 'sentry-hook-resource': event })

  it('leaves what is of interest to the filter of a hook that has a template beside its preset', async () => {
    for (const [preset, event, payload] of interesting) {
      const bare = await render({ preset }, payload, eventHeaders(event))
      assert.equal(bare.kind, 'ignored', event)
      const worded = await render({ preset, template: 'told: {{event}}' }, payload, eventHeaders(event))
      assert.match(worded.kind === 'text' ? worded.text : worded.why, /^told: ./)
    }
  })

  it('starts no turn for what is not over and the preset tells of in the end, whatever the template', async () => {
    for (const [preset, event, payload] of unfinished) {
      const worded = await render({ preset, template: 'told: {{event}}' }, payload, eventHeaders(event))
      assert.equal(worded.kind, 'ignored', event)
    }
  })

  it('ignores what the filter does not match', async () => {
    const filter = { path: 'action', equals: 'opened' } as const
    assert.equal((await render({ template: 'x', filter }, { action: 'closed' })).kind, 'ignored')
    assert.equal((await render({ template: 'x', filter }, { action: 'opened' })).kind, 'text')
  })

  it('fails a message that renders blank', async () => {
    assert.deepEqual(await render({ template: ' {{missing}}\n' }, {}), {
      kind: 'failed',
      why: 'the message renders blank',
    })
  })

  it('fails a message that is too long', async () => {
    const rendering = await render({ template: '{{a}}' }, { a: 'x'.repeat(300_000) })
    assert.deepEqual(rendering, { kind: 'failed', why: 'the rendered text is too long' })
  })
})
