import { Type } from '@sinclair/typebox'
import { happeningNames } from '../domain/notice.ts'
import { oneOf, oneSecret, secret, section, text } from './schema-parts.ts'

const rule = section({
  on: Type.Array(oneOf(happeningNames), {
    description: 'What is told',
    minItems: 1,
    errorMessage: `must be a list of these: ${happeningNames.join(', ')}`,
  }),
  url: Type.Union(oneSecret.anyOf, {
    description: 'Where it is posted; it may be a secret, as those of Slack, Discord and ntfy are',
    errorMessage: 'must be a URL, {"env": "NAME"} or {"file": "path"}',
  }),
  session: Type.Optional(
    Type.String({
      description: 'Of which sessions; a session id, or a pattern with *. Default "*"',
      pattern: '^[a-z0-9._*-]{1,64}$',
      errorMessage: 'must be a session id, or a pattern of a-z 0-9 . _ - and *',
    }),
  ),
  template: Type.Optional(
    Type.String({
      description: 'ntfy, slack, discord, plain, or Mustache; default JSON',
      minLength: 1,
      maxLength: 16_384,
      errorMessage: 'must be ntfy, slack, discord, plain, or a template of at most 16384 characters',
    }),
  ),
  headers: Type.Optional(
    Type.Record(Type.String(), oneSecret, {
      description: 'Sent with it, each like a secret: an access token, for example',
      maxProperties: 20,
      errorMessage: 'must be an object of at most 20 headers',
    }),
  ),
  secret: Type.Optional(secret('Signs it; default: that of callbacks')),
  name: Type.Optional(text('What lists, the log and doctor call it; default made of the host')),
})

export const notify = Type.Array(rule, {
  description: 'Who is told what happens',
  maxItems: 100,
  errorMessage: 'must be a list of at most 100 rules',
})
