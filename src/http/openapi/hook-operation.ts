import { Type } from '@sinclair/typebox'
import type { DocumentDecoration } from 'elysia'
import type { Hook, Respond } from '../../domain/hook.ts'
import { canSign, schemeOf } from '../../providers/index.ts'
import type { Credential } from '../../providers/sender.ts'
import { HookAnswer } from '../models/knocks.ts'
import { exampleFor } from './example.ts'
import { hookOperation } from './knock-operation.ts'
import { type Answers, bodyOf } from './operation.ts'

const payload = Type.Object({}, { additionalProperties: true, description: 'Whatever its sender sends.' })

/** A configured hook as an operation of its own. */
export function hookPath(hook: Hook): readonly [path: string, { readonly post: DocumentDecoration }] {
  const { body, headers } = exampleFor(hook)
  const post = hookOperation({
    ...{ id: operationIdOf(hook), summary: hook.name, description: describe(hook) },
    by: isBearer(hook) ? ['hookSecret'] : [],
    headers: Object.entries(headers).map(([name, example]) => ({
      ...{ name, example, description: 'Which event it is' },
    })),
    body: bodyIn(hook.bodyFormat, body),
    ...(hook.respond && { answers: answersIn(hook.respond) }),
  })
  const own = Object.keys(hookScheme(hook)).map((name) => ({ [name]: [] }))
  const signed = canSign(hook) && { [signedBy]: `/api/hooks/${encodeURIComponent(hook.name)}/send` }
  return [hook.path, { post: { ...post, security: [...(post.security ?? []), ...own], ...signed } }]
}

/** Of an operation: the route that sends its request signed, for the admin. */
const signedBy = 'x-signed-by'

const whoElse = (hook: Hook): string =>
  canSign(hook) ? '; for the admin this server signs what is tried here' : ', which nobody else can do'

function bodyIn(format: Hook['bodyFormat'], example: object): ReturnType<typeof bodyOf> {
  if (format === 'text') return bodyOf(Type.String(), { type: 'text/plain', example: 'Hello' })
  const type = format === 'form' ? 'application/x-www-form-urlencoded' : 'application/json'
  return bodyOf(payload, { type, example })
}

/** What a hook answers in a form of its own. */
function answersIn({ status, contentType = 'text/plain', body }: Respond): Answers {
  const own =
    body === undefined
      ? HookAnswer
      : Type.String({ description: 'In a form of its own', contentMediaType: contentType })
  return status === undefined ? { 200: own, 202: own } : { [status]: own }
}

const credentialOf = ({ verify }: Hook): Credential | undefined =>
  schemeOf(verify.scheme)?.credential?.(verify)

const isBearer = (hook: Hook): boolean => {
  const security = credentialOf(hook)?.security
  return security?.type === 'http' && security.scheme === 'bearer'
}

/** What a page can show at this hook beside a bearer secret: a password, or a secret in a header of its own. */
export function hookScheme(hook: Hook): Record<string, object> {
  const credential = credentialOf(hook)
  if (!credential || isBearer(hook)) return {}
  const { prefix } = hook.verify
  const description = `What the senders of the hook “${hook.name}” show${prefix ? `, after “${prefix}”` : ''}.`
  return { [`${operationIdOf(hook)}_secret`]: { ...credential.security, description } }
}

/** How the explorer's addresses name a hook. */
export const operationIdOf = ({ name }: Pick<Hook, 'name'>): string => `hook_${name.replace(/\W/g, '_')}`

function describe(hook: Hook): string {
  const { action, session, skill, active, preset, filter, respond } = hook
  const facts = [
    action === 'wake' ? 'Notifies its session.' : 'Starts an agent turn.',
    session === undefined ? '' : `Session: ${session}.`,
    skill === undefined ? '' : `Skill: ${skill}.`,
    preset === undefined ? '' : `Understands the events of ${preset}.`,
    filter === undefined ? '' : 'Has a filter: what does not match is ignored.',
    respond === undefined ? '' : 'Answers in a form of its own.',
    proofOf(hook),
    active ? '' : 'Not active: answers 403.',
  ]
  return facts.filter((fact) => fact !== '').join(' ')
}

function proofOf(hook: Hook): string {
  const credential = credentialOf(hook)
  return credential
    ? `The caller shows ${credential.text}.`
    : `The caller signs its request by the scheme “${hook.verify.scheme}”${whoElse(hook)}.`
}
