import { digits, isObject, type View, type ViewObject } from '../payload/view.ts'
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
  `- {{state}}${given(': ', 'name')}${given(' of ', 'rule')}${given(' on ', 'where')}${given(' (', 'labels.severity', ')')}${given(': ', 'summary')}`,
  line('annotations.description', '  '),
  line('measured', '  Values: '),
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
    // Grafana says by these names that a rule found no data or could not be asked.
    rule: /^Datasource(NoData|Error)$/.test(textAt(alert, 'labels.alertname'))
      ? textAt(alert, 'labels.rulename')
      : '',
    where: whereIs(alert),
    summary: firstText(alert, 'annotations.summary', 'annotations.message'),
    measured: valuesIn(at(alert, 'values')),
    link: textAt(alert, 'panelURL') || textAt(alert, 'dashboardURL') || textAt(alert, 'generatorURL'),
  })

/** `prod/api-7f, 10.0.0.1:9100`: the thing in Kubernetes, and the machine or job. */
function whereIs(alert: View): string {
  const thing = firstText(alert, ...kubernetes.map((name) => `labels.${name}`))
  const place = thing && [textAt(alert, 'labels.namespace'), thing].filter((name) => name !== '').join('/')
  const machine = textAt(alert, 'labels.instance') || (thing ? '' : textAt(alert, 'labels.job'))
  return [place, machine].filter((name) => name !== '').join(', ')
}

const kubernetes = [
  ...[
    'pod',
    'deployment',
    'statefulset',
    'daemonset',
    'job_name',
    'cronjob',
    'persistentvolumeclaim',
    'node',
  ],
]

/** `A=95.2, B=1`, of Grafana's expressions. */
const valuesIn = (values: View): string =>
  Object.entries(isObject(values) ? values : {})
    .slice(0, 10)
    .map(
      ([name, value]) =>
        `${name}=${typeof value === 'object' && value && digits in value ? value[digits] : value}`,
    )
    .join(', ')
