import type { View, ViewObject } from '../payload/view.ts'
import { at, extended, firstText, given, line, lines, listAt, textAt } from './preset.ts'
import type { Preset } from './sender.ts'

/** The message of Alertmanager and of Grafana, which sends the same shape: a line of its own, then the alerts. */
export const alertPreset = (sender: string, summary: string): Preset => ({
  eventOf: () => 'alert',
  messages: { alert: { about: 'alerts', template: `${sender}: ${counted}${summary}\n${eachAlert}`, derive } },
})

const counted =
  '{{#firing}}{{firing}} firing{{/firing}}{{#resolved}}{{#firing}}, {{/firing}}{{resolved}} resolved{{/resolved}}{{#neither}}{{neither}}{{/neither}}'

const eachAlert = lines(
  '{{#shown}}',
  `- {{state}}${given(': ', 'name')}${given(' on ', 'where')}${given(' (', 'labels.severity', ')')}${given(': ', 'annotations.summary')}`,
  line('annotations.description', '  '),
  line('annotations.runbook_url', '  Runbook: '),
  line('link', '  '),
  '{{/shown}}',
  '{{#more}}\n- and {{more}} more{{#moreFiring}} ({{moreFiring}} firing){{/moreFiring}}\n{{/more}}',
  '{{#cut}}\n- and {{cut}} more that the sender left out\n{{/cut}}',
  line('oldMessage'),
  line('ruleUrl'),
  line('externalURL'),
)

const most = 10

/** What fires stands first, so that nothing that ended can hide it. */
function derive(payload: View): ViewObject {
  const alerts = listAt(payload, 'alerts')
  const countOf = (rank: number) => alerts.filter((alert) => rankOf(alert) === rank).length
  const [firing, resolved] = [countOf(0), countOf(2)]
  return {
    firing,
    resolved,
    ...(firing + resolved > 0 ? {} : withoutAlerts(payload, alerts.length)),
    shown: alerts
      .toSorted((one, other) => rankOf(one) - rankOf(other))
      .slice(0, most)
      .map(described),
    more: Math.max(0, alerts.length - most),
    moreFiring: Math.max(0, firing - most),
    cut: at(payload, 'truncatedAlerts'),
  }
}

/** 0 for what fires, 2 for what is resolved, 1 for what neither sender says today. */
function rankOf(alert: View): number {
  const status = textAt(alert, 'status')
  if (status === 'resolved') return 2
  return status === 'firing' || status === '' ? 0 : 1
}

/** Grafana before version 9 names one rule. */
const withoutAlerts = (payload: View, others: number): ViewObject =>
  others > 0
    ? { neither: `${others} alerts` }
    : {
        neither: firstText(payload, 'status', 'state') || 'a notification without alerts',
        oldMessage: textAt(payload, 'message'),
      }

const described = (alert: View): View =>
  extended(alert, {
    state: textAt(alert, 'status') || 'firing',
    name: textAt(alert, 'labels.alertname'),
    where: textAt(alert, 'labels.instance') || textAt(alert, 'labels.job'),
    link: textAt(alert, 'panelURL') || textAt(alert, 'dashboardURL') || textAt(alert, 'generatorURL'),
  })
