import { jsonAnswer } from './answer.ts'
import { forgePreset } from './github-preset.ts'
import { hmacScheme } from './hmac.ts'
import { single } from './request.ts'
import type { Sender } from './sender.ts'

export const github: Sender = {
  title: 'GitHub',
  /** docs.github.com, "Webhook events and payloads: payload cap". */
  maxBodyBytes: 26_214_400,
  scheme: {
    /** docs.github.com, "Validating webhook deliveries". */
    ...hmacScheme({ header: 'x-hub-signature-256', prefix: 'sha256=', idHeader: 'x-github-delivery' }),
    /** docs.github.com, "Webhook events: ping": sent once when a webhook is made. */
    handshake: (_, request) =>
      single(request, 'x-github-event') === 'ping' ? jsonAnswer({ status: 'pong' }) : undefined,
  },
  /** docs.github.com/webhooks/webhook-events-and-payloads */
  preset: forgePreset('GitHub', 'x-github-event'),
  sample: {
    headers: { 'x-github-event': 'push' },
    body: {
      ref: 'refs/heads/main',
      repository: { name: 'billing', full_name: 'acme/billing' },
      sender: { login: 'alice' },
      commits: [{ id: '0d1a26e67d8f', message: 'Fix invoice rounding', author: { name: 'Alice' } }],
      compare: 'https://github.com/acme/billing/compare/aaa...bbb',
    },
  },
}
