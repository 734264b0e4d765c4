import type { View } from '../payload/view.ts'
import { extended, firstFew, listAt, type Message, type Preset, textAt } from './preset.ts'

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

const derive: Message['derive'] = (payload) => {
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

const counted =
  '{{#firing}}{{firing}} firing{{/firing}}{{#resolved}}{{#firing}}, {{/firing}}{{resolved}} resolved{{/resolved}}'

/** prometheus.io/docs/alerting/latest/configuration/#webhook_config; it proves itself by `http_config.authorization`. */
export const alertmanager: Preset = {
  scheme: 'bearer',
  eventOf: () => 'alert',
  messages: {
    alert: {
      template: `Alertmanager: ${counted}{{#commonLabels.alertname}} ({{commonLabels.alertname}}){{/commonLabels.alertname}}\n${eachAlert}`,
      derive,
    },
  },
}

/** grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier */
export const grafana: Preset = {
  scheme: 'grafana',
  eventOf: () => 'alert',
  messages: {
    alert: {
      template: `Grafana: ${counted}{{#title}}: {{title}}{{/title}}\n${eachAlert}`,
      derive,
    },
  },
}
