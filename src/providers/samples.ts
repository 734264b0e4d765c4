import type { PresetName } from './presets.ts'

/** For each preset one event in the shape its sender documents, with what its message speaks of. */
export const presetExamples: Readonly<
  Record<PresetName, { readonly body: object; readonly headers: Readonly<Record<string, string>> }>
> = {
  github: {
    headers: { 'x-github-event': 'push' },
    body: {
      ref: 'refs/heads/main',
      repository: { name: 'billing', full_name: 'acme/billing' },
      sender: { login: 'alice' },
      commits: [{ id: '0d1a26e67d8f', message: 'Fix invoice rounding', author: { name: 'Alice' } }],
      compare: 'https://github.com/acme/billing/compare/aaa...bbb',
    },
  },
  gitlab: {
    headers: { 'x-gitlab-event': 'Pipeline Hook' },
    body: {
      object_kind: 'pipeline',
      object_attributes: { id: 31, ref: 'main', status: 'failed' },
      project: { path_with_namespace: 'acme/billing', web_url: 'https://gitlab.com/acme/billing' },
      commit: { title: 'Fix invoice rounding', author: { name: 'Alice' } },
      builds: [{ name: 'test', stage: 'test', status: 'failed', failure_reason: 'script_failure' }],
    },
  },
  alertmanager: {
    headers: {},
    body: {
      status: 'firing',
      commonLabels: { alertname: 'DiskFull' },
      alerts: [
        {
          status: 'firing',
          labels: { alertname: 'DiskFull', instance: 'db1' },
          annotations: { summary: 'The disk of db1 is almost full' },
          startsAt: '2026-11-21T10:00:00Z',
        },
      ],
    },
  },
  grafana: {
    headers: {},
    body: {
      status: 'firing',
      title: '[FIRING:1] High load',
      alerts: [
        {
          status: 'firing',
          labels: { alertname: 'High load', instance: 'web1' },
          annotations: { summary: 'The load of web1 is above 8' },
          startsAt: '2026-11-21T10:00:00Z',
        },
      ],
    },
  },
  sentry: {
    headers: { 'sentry-hook-resource': 'issue' },
    body: {
      action: 'created',
      data: {
        issue: {
          shortId: 'BILLING-7',
          title: 'TypeError: total is undefined',
          level: 'error',
          project: { slug: 'billing' },
        },
      },
    },
  },
  stripe: {
    headers: {},
    body: {
      type: 'invoice.payment_failed',
      livemode: true,
      data: { object: { object: 'invoice', id: 'in_1', status: 'open', amount_due: 4200, currency: 'eur' } },
    },
  },
}
