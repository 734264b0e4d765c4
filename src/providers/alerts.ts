import type { View, ViewObject } from '../payload/view.ts'
import { extended, firstFew, listAt, textAt } from './preset.ts'
import type { Preset } from './sender.ts'

/** The message of Alertmanager and of Grafana, which sends the same shape: a line of its own, then the alerts. */
export const alertPreset = (summary: string): Preset => ({
  eventOf: () => 'alert',
  messages: { alert: { template: `${summary}\n${eachAlert}`, derive } },
})

export const counted =
  '{{#firing}}{{firing}} firing{{/firing}}{{#resolved}}{{#firing}}, {{/firing}}{{resolved}} resolved{{/resolved}}'

const eachAlert = `{{#shown}}
- {{status}}: {{labels.alertname}}{{#where}} on {{where}}{{/where}}{{#labels.severity}} ({{labels.severity}}){{/labels.severity}}{{#annotations.summary}}: {{annotations.summary}}{{/annotations.summary}}
{{#annotations.description}}
  {{annotations.description}}
{{/annotations.description}}
{{#annotations.runbook_url}}
  Runbook: {{annotations.runbook_url}}
{{/annotations.runbook_url}}
{{#link}}
  {{link}}
{{/link}}
{{/shown}}
{{#more}}
- and {{more}} more
{{/more}}
{{externalURL}}`

function derive(payload: View): ViewObject {
  const alerts = listAt(payload, 'alerts')
  return {
    firing: alerts.filter((alert) => textAt(alert, 'status') === 'firing').length,
    resolved: alerts.filter((alert) => textAt(alert, 'status') === 'resolved').length,
    ...firstFew(alerts.map(described), 10),
  }
}

const described = (alert: View): View =>
  extended(alert, {
    where: textAt(alert, 'labels.instance') || textAt(alert, 'labels.job'),
    link: textAt(alert, 'panelURL') || textAt(alert, 'dashboardURL') || textAt(alert, 'generatorURL'),
  })
