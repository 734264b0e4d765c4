import { hmacScheme } from './hmac.ts'
import type { Sender } from './sender.ts'

/** docs.gitea.com, "Webhooks"; Forgejo sends the same header. */
export const gitea: Sender = {
  title: 'Gitea, Forgejo',
  scheme: hmacScheme({ header: 'x-gitea-signature', idHeader: 'x-gitea-delivery' }),
  sample: {
    headers: { 'x-gitea-event': 'push' },
    body: { ref: 'refs/heads/main', repository: { full_name: 'acme/billing' }, pusher: { login: 'alice' } },
  },
}
