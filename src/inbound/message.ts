import { checkCallback, type MayCall } from '../auth/addresses.ts'
import { reasonOf } from '../domain/error.ts'
import { fenced } from '../domain/fence.ts'
import type { Hook, Respond } from '../domain/hook.ts'
import type { Admission, Knock } from '../domain/knock.ts'
import { clean, cleanFrom, compose, isBlank } from '../domain/message.ts'
import type { WaitAccept } from '../domain/wait.ts'
import type { View } from '../payload/view.ts'
import { ownRespond, schemeOf } from '../providers/index.ts'
import { agreedKey, readMessage, readTurn } from './message-body.ts'
import { readAnswer } from './wait-answer.ts'
import { type HookRenderer, type Rendering, readPayload } from './webhook-message.ts'

/** The message of a knock as its agent will get it, and what its sender asked for. */
export interface Rendered {
  readonly message: string
  readonly from?: string | undefined
  readonly idempotencyKey?: string | undefined
  /** The session that the body names. */
  readonly session?: string | undefined
  readonly skill?: string | undefined
  readonly callbackUrl?: string | undefined
  readonly timeoutMs?: number | undefined
  /** What its answer must fit: a JSON Schema, as JSON. */
  readonly responseSchema?: string | undefined
  readonly payload?: Uint8Array
  readonly contentType?: string
  /** For the fence of a wait's message. */
  readonly nonce?: string
  /** Beside that: whether its sender said that it waits for a word back. */
  readonly awaited?: boolean
  /** What the sender is answered instead of the usual receipt. */
  readonly respond?: Respond | undefined
  /** Why there is no message to send: stored as FAILED, visible, never sent. */
  readonly failed?: { readonly step: 'template' | 'skill'; readonly detail: string } | undefined
}

export interface Ignored {
  readonly ignored: string
  readonly respond?: Respond | undefined
}

export interface MessageDeps {
  /** Compiles a hook's template and filter once. */
  readonly rendererOf: (hook: Hook) => HookRenderer
  /** Random, for the fence of one message. */
  readonly nonce: () => string
  readonly mayCall: MayCall
}

/** payload → message. Throws 4xx failures; loses nothing because nothing is stored yet. */
export function render(deps: MessageDeps, knock: Knock, admission: Admission): Promise<Rendered | Ignored> {
  const contentType = knock.header('content-type') ?? ''
  const { form, maxBytes } = admission
  if (form.kind === 'hook') return renderHook(deps, knock, admission, form.hook, contentType)
  if (form.kind === 'message') return readMessage(knock, maxBytes, contentType)
  if (form.kind === 'wait') return renderAnswer(deps, knock, maxBytes, contentType, form.accept)
  return renderTurn(deps, knock, maxBytes, contentType)
}

async function renderTurn(
  deps: MessageDeps,
  knock: Knock,
  maxBytes: number,
  contentType: string,
): Promise<Rendered> {
  const turn = await readTurn(knock, maxBytes, contentType)
  if (turn.callbackUrl !== undefined) checkCallback(turn.callbackUrl, deps.mayCall)
  return turn
}

async function renderAnswer(
  { nonce }: MessageDeps,
  knock: Knock,
  maxBytes: number,
  contentType: string,
  accept: WaitAccept,
): Promise<Rendered> {
  return { ...(await readAnswer(knock, maxBytes, contentType, accept)), nonce: nonce() }
}

async function renderHook(
  deps: MessageDeps,
  knock: Knock,
  admission: Admission,
  hook: Hook,
  contentType: string,
): Promise<Rendered | Ignored> {
  const payload = withoutSecret(hook, await knock.body(admission.maxBytes))
  const view = await readPayload(hook, payload, knock.header)
  const rendering = deps.rendererOf(hook)({ payload: view, header: knock.header })
  const composed = composeRendering(rendering, hook, deps.nonce)
  const respond = hook.respond ?? formOfSender(hook, knock, view)
  if (composed.kind === 'ignored') return { ignored: composed.why, respond }
  return {
    ...(composed.kind === 'failed'
      ? { message: '', failed: { step: 'template', detail: composed.why } }
      : { message: composed.message, from: composed.from }),
    idempotencyKey: admission.key ?? agreedKey(undefined, knock.header('idempotency-key')),
    skill: hook.skill,
    respond,
    payload,
    contentType,
  }
}

const withoutSecret = ({ verify }: Hook, body: Uint8Array): Uint8Array =>
  schemeOf(verify.scheme)?.hideSecret?.(body) ?? body

/** Whoever says `Prefer` knows receipts, and is not the sender whose form it is. */
const formOfSender = ({ preset, verify }: Hook, knock: Knock, view: View): Respond | undefined =>
  knock.header('prefer') === undefined ? ownRespond(preset, verify.scheme, view) : undefined

/** What a hook makes of a payload. */
export type HookMessage =
  | { readonly kind: 'message'; readonly message: string; readonly from: string | undefined }
  | Exclude<Rendering, { kind: 'text' }>

/** Cleans, fences and addresses a rendered text: one of control characters alone is blank then, which is a failure. */
export function composeRendering(rendering: Rendering, hook: Hook, nonce: () => string): HookMessage {
  if (rendering.kind !== 'text') return rendering
  const text = clean(rendering.text)
  if (isBlank(text)) return { kind: 'failed', why: 'the message renders blank' }
  try {
    const from = cleanFrom(hook.from)
    return { kind: 'message', message: compose(textOf(hook, text, nonce), from), from }
  } catch (thrown) {
    return { kind: 'failed', why: reasonOf(thrown) }
  }
}

/** What the operator says, then what the sender does. */
function textOf({ instruction, fence }: Hook, text: string, nonce: () => string): string {
  const sent = fence ? fenced(text, nonce()) : text
  return instruction === undefined ? sent : `${instruction.trim()}\n\n${sent}`
}
