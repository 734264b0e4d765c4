import { alertPreset } from './alerts.ts'
import { given } from './preset.ts'
import type { Sender } from './sender.ts'

/** prometheus.io/docs/alerting/latest/configuration/#webhook_config; it proves itself by `http_config.authorization`. */
export const alertmanager: Sender = {
  title: 'Alertmanager',
  usesScheme: 'bearer',
  preset: alertPreset('Alertmanager', given(' (', 'commonLabels.alertname', ')')),
  sample: {
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
}
