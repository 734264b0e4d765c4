import { forgePreset } from './github-preset.ts'
import { hmacScheme } from './hmac.ts'
import { byWho, given, inWhere, line, lines, paragraph } from './preset.ts'
import type { Message, Preset, Sender } from './sender.ts'

/** docs.gitea.com, "Webhooks"; Forgejo sends the same header. */
export const gitea: Sender = {
  title: 'Gitea, Forgejo',
  scheme: hmacScheme({ header: 'x-gitea-signature', idHeader: 'x-gitea-delivery' }),
  preset: giteaPreset(),
  sample: {
    headers: { 'x-gitea-event': 'push' },
    body: { ref: 'refs/heads/main', repository: { full_name: 'acme/billing' }, pusher: { login: 'alice' } },
  },
}

/** The shapes are GitHub's, but for reviews. */
function giteaPreset(): Preset {
  const preset = forgePreset('Gitea', 'x-gitea-event')
  return {
    ...preset,
    messages: {
      ...preset.messages,
      pull_request_approved: review('approved'),
      pull_request_rejected: review('changes requested'),
      pull_request_comment: review('commented'),
    },
  }
}

function review(verdict: string): Message {
  return {
    about: 'pull_request',
    template: lines(
      `Review of pull request${given(' #', 'pull_request.number')}${inWhere}${byWho}: ${verdict}`,
      line('pull_request.html_url'),
      paragraph('review.content'),
    ),
  }
}
