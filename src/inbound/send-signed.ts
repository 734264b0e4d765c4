import { type DeliveryId, isDeliveryId } from '../domain/delivery.ts'
import { Failure } from '../domain/error.ts'
import type { Hook } from '../domain/hook.ts'
import { suggestion } from '../domain/nearest.ts'
import type { DoorStore } from '../domain/ports.ts'
import { schemeOf } from '../providers/index.ts'
import { type Unsigned, withProof } from '../providers/signed-sample.ts'
import { exampleOf, type Sample, sampleOf } from './rehearse.ts'

/** What a hook is tried with: bytes, what a delivery came with, or the example of its preset where neither is given. */
export interface HookOrder {
  readonly payload?: Uint8Array
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  readonly delivery?: string
}

/** What a request at the door was answered. */
interface Posted {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  /** JSON parsed; else the text. */
  readonly body: unknown
}

interface SendSignedDeps {
  readonly store: Pick<DoorStore, 'inspectDelivery' | 'listDeliveries'>
  readonly hooks: () => readonly Hook[]
  readonly now: () => number
  /** Where this server listens. */
  readonly address: () => string
  readonly newId: () => string
  readonly post: (url: string, headers: Readonly<Record<string, string>>, body: Uint8Array) => Promise<Posted>
}

export interface SentToHook {
  readonly hook: string
  readonly status: number
  /** The receipt, or the problem document of a refusal. */
  readonly answer: unknown
  /** The sender's own id of it was known: nothing new was stored. */
  readonly replayed: boolean
  /** Null where nothing was stored. */
  readonly deliveryId: DeliveryId | null
}

/**
 * Sends a hook what its sender would send now, with its proof, through the door that its sender uses. A refusal at the door is an
 * answer like others. Throws `not_found` for a hook or delivery that there is not, `unprocessable` where nobody but the sender
 * can make the proof or a header cannot be sent, and what `post` throws.
 */
export async function sendSigned(deps: SendSignedDeps, name: string, order: HookOrder): Promise<SentToHook> {
  const hook = namedHook(deps.hooks(), name)
  const sample = await sampleFor(deps.store, hook, order)
  const requestId = deps.newId()
  const signed = signedKnock(hook, sample, {
    ...{ url: `${deps.address()}${hook.path}`, now: deps.now(), newId: deps.newId, requestId },
  })
  const posted = await deps.post(`${deps.address()}${hook.path}`, signed.headers, signed.rawBody)
  return {
    hook: hook.name,
    status: posted.status,
    answer: posted.body,
    replayed: posted.headers['idempotency-replayed'] === 'true',
    deliveryId: idIn(posted.body) ?? (await idByRequest(deps.store, hook.name, requestId)) ?? null,
  }
}

/** Throws `not_found` with the nearest name. */
export function namedHook(hooks: readonly Hook[], name: string): Hook {
  const hook = hooks.find((candidate) => candidate.name === name)
  if (hook) return hook
  const known = hooks.map((candidate) => candidate.name)
  const hint = known.length === 0 ? 'None is configured.' : suggestion(name, known)
  throw new Failure('not_found', `There is no hook "${name}". ${hint}`, {
    plain: `There is no such hook. ${hint}`,
  })
}

/** Throws `not_found`, and `unprocessable` for a delivery that keeps no payload. */
export async function sampleFor(
  store: Pick<DoorStore, 'inspectDelivery'>,
  hook: Hook,
  { payload, delivery, headers = {} }: HookOrder,
): Promise<Sample> {
  if (delivery === undefined) return payload ? { payload, headers } : exampleOf(hook, headers)
  const record = isDeliveryId(delivery) ? await store.inspectDelivery(delivery) : undefined
  if (!record) throw new Failure('not_found', 'There is no such delivery.')
  const sample = sampleOf(record)
  if (!sample)
    throw new Failure(
      'unprocessable',
      'That delivery keeps no payload: it came by no hook of the configuration.',
    )
  return { ...sample, headers: { ...sample.headers, ...headers } }
}

interface Knocking {
  readonly url: string
  readonly now: number
  readonly newId: () => string
  readonly requestId: string
}

/** A sample as a request of now: under another id of the sender's where its headers have one, and proven. Throws `unprocessable`. */
export function signedKnock(
  { name, verify }: Pick<Hook, 'name' | 'verify'>,
  { payload, headers }: Sample,
  { url, now, newId, requestId }: Knocking,
): Unsigned {
  checkHeaders(headers)
  const scheme = schemeOf(verify.scheme)
  const header = (wanted: string) => headers[wanted]
  const id = scheme?.idIn?.(verify, { method: 'POST', url, rawBody: payload, now, header })
  const renewed = Object.entries(headers).map(([key, value]) => [key, value === id ? newId() : value])
  const fresh = {
    'content-type': 'application/json',
    ...Object.fromEntries(renewed),
    'x-request-id': requestId,
  }
  const signed = scheme && withProof(scheme, { url, now, rawBody: payload, headers: fresh }, verify)
  if (signed) return signed
  throw new Failure(
    'unprocessable',
    `Nobody but its sender can prove a request to this hook (${verify.scheme}). A URL stands in place of that: postern expose --hook ${name} --uses 1`,
  )
}

/** RFC 9110 sections 5.1 and 5.5; what a connection says of itself cannot be made up. */
function checkHeaders(headers: Sample['headers']): void {
  const wrong = Object.entries(headers).find(
    ([name, value]) => !headerName.test(name) || /[^\t\x20-\x7e\x80-\xff]/.test(value),
  )
  if (wrong) throw new Failure('unprocessable', 'A header has a name or a value that HTTP cannot carry.')
  const [name] = Object.keys(headers).filter((name) => ofConnection.includes(name.toLowerCase()))
  if (name !== undefined)
    throw new Failure('unprocessable', `The connection itself sets the header ${name.toLowerCase()}.`)
}

const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const ofConnection: readonly string[] = [
  ...['connection', 'content-length', 'expect', 'host', 'keep-alive'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade'],
]

function idIn(body: unknown): DeliveryId | undefined {
  const id = typeof body === 'object' && body !== null && 'deliveryId' in body ? body.deliveryId : undefined
  return typeof id === 'string' && isDeliveryId(id) ? id : undefined
}

const mostLookedAt = 20

/** A hook may answer its sender in a form that names no delivery. */
async function idByRequest(
  store: SendSignedDeps['store'],
  hook: string,
  requestId: string,
): Promise<DeliveryId | undefined> {
  for (const { id } of await store.listDeliveries({ hook, limit: mostLookedAt }))
    if ((await store.inspectDelivery(id))?.headers['x-request-id'] === requestId) return id
  return undefined
}
