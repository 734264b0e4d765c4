import { alertPreset } from './alerts.ts'
import { configuredHmac, flawOfTolerance } from './hmac.ts'
import { given } from './preset.ts'
import type { Sender } from './sender.ts'

/** grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier */
export const grafana: Sender = {
  title: 'Grafana',
  scheme: {
    proof:
      'HMAC-SHA256 of `{body}`, or `{timestamp}:{body}` with `timestampHeader`, in `x-grafana-alerting-signature`',
    toleranceSeconds: 300,
    options: ['header', 'timestampHeader'],
    flaw: flawOfTolerance,
    /** A time is signed when its header is configured there. */
    ...configuredHmac(({ header = 'x-grafana-alerting-signature', timestampHeader }) => ({
      header,
      signed: timestampHeader === undefined ? '{body}' : '{timestamp}:{body}',
      timestampHeader,
    })),
  },
  preset: alertPreset('Grafana', given(': ', 'title')),
  sample: {
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
}
