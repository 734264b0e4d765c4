import { hmacScheme } from './hmac.ts'
import type { Sender } from './sender.ts'

/** support.atlassian.com, "Secure webhooks": no `-256` in the name. */
export const bitbucket: Sender = {
  title: 'Bitbucket, Jira',
  scheme: hmacScheme({ header: 'x-hub-signature', prefix: 'sha256=', idHeader: 'x-request-uuid' }),
  sample: {
    headers: { 'x-event-key': 'repo:push' },
    body: { repository: { full_name: 'acme/billing' }, actor: { display_name: 'Alice' } },
  },
}
