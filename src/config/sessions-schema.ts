import { Type } from '@sinclair/typebox'
import { flag, oneOf, section, sessionId, text, texts } from './schema-parts.ts'

export const sessions = section({
  wake: Type.Optional(sessionId('Where wake goes; default "default"')),
  agent: Type.Optional(sessionId('Where agent goes; default "webhook-agent"')),
  allow: Type.Optional(texts('Sessions an agent request may name; "*" for all')),
  registerFrom: Type.Optional(
    oneOf(['here', 'anywhere'], {
      description:
        'From where the API registers sessions that are no inboxes: this machine, or wherever the admin token is; default here',
    }),
  ),
  declared: Type.Optional(
    Type.Record(
      Type.String(),
      section({
        driver: text('pty, tmux, acp, command, http, inbox …'),
        settings: Type.Optional(
          Type.Record(Type.String(), Type.Unknown(), {
            description: 'For the driver',
            errorMessage: 'must be an object',
          }),
        ),
        permissions: Type.Optional(texts('Tools whose permission requests are granted without a person')),
        decisions: Type.Optional(
          flag(
            'People decide on what its agent asks, by a link, the command line, the API or the dashboard; default false',
          ),
        ),
      }),
      { description: 'Sessions by id', errorMessage: 'must be an object of sessions' },
    ),
  ),
})
