import type { HandshakeAnswer } from '../domain/knock.ts'
import { memberInSmall } from '../payload/json.ts'
import type { RequestHead, SignedRequest } from './request.ts'

const headers = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'",
}

/** A challenge given back as text that no browser takes for anything else; undefined for one that is no plain text. */
export function textAnswer(challenge: unknown): HandshakeAnswer | undefined {
  if (typeof challenge !== 'string' || !/^[\x20-\x7e]{1,2048}$/.test(challenge)) return undefined
  return { status: 200, headers: { 'content-type': 'text/plain', ...headers }, body: challenge }
}

export const jsonAnswer = (body: object): HandshakeAnswer => ({
  status: 200,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
})

/** What people read who speak to an agent from a chat: a template over the receipt, for a string in JSON. */
export const passedOn =
  '{{^ignored}}Passed on to the agent.{{/ignored}}{{#ignored}}Not passed on: {{reason}}.{{/ignored}}'

export const emptyAnswer = (
  status: number,
  more: Readonly<Record<string, string>> = {},
): HandshakeAnswer => ({
  status,
  headers: more,
  body: '',
})

/** A member of a body that may be a handshake. Those are small: a long body is not worth a parse of its own. */
export const memberOfSmall = ({ rawBody }: SignedRequest, ...path: readonly string[]): unknown =>
  rawBody.length <= 16_384 ? memberInSmall(rawBody, ...path) : undefined

export function queryOf({ url }: RequestHead): URLSearchParams {
  const start = url.indexOf('?')
  return new URLSearchParams(start < 0 ? '' : url.slice(start))
}
