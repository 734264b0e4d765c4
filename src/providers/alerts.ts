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
  const resolved = alerts.filter((alert) => textAt(alert, 'status') === 'resolved')
  const firing = alerts.filter((alert) => textAt(alert, 'status') !== 'resolved')
  const ordered = [...firing, ...resolved]
  return {
    firing: firing.length,
    resolved: resolved.length,
    ...(alerts.length === 0 ? withoutAlerts(payload) : {}),
    shown: ordered.slice(0, most).map(described),
    more: Math.max(0, ordered.length - most),
    moreFiring: Math.max(0, firing.length - most),
    cut: at(payload, 'truncatedAlerts'),
  }
}

/** Grafana before version 9 names one rule. */
const withoutAlerts = (payload: View): ViewObject => ({
  neither: firstText(payload, 'status', 'state') || 'a notification without alerts',
  oldMessage: textAt(payload, 'message'),
})

const described = (alert: View): View =>
  extended(alert, {
    state: textAt(alert, 'status') || 'firing',
    name: textAt(alert, 'labels.alertname'),
    where: textAt(alert, 'labels.instance') || textAt(alert, 'labels.job'),
    link: textAt(alert, 'panelURL') || textAt(alert, 'dashboardURL') || textAt(alert, 'generatorURL'),
  })
