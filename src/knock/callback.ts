import { isIP } from 'node:net'
import type { Delivery } from '../domain/delivery.ts'
import { Failure } from '../domain/error.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { Clock } from '../domain/ports.ts'
import { isInBlock, isPublicAddress } from '../locks/address.ts'
import { signOutgoing } from '../locks/outgoing.ts'

/** Tells who asked for it how a turn ended. Never throws: what goes wrong is the outcome. */
export type CallBack = (delivery: Delivery, signal: AbortSignal) => Promise<Outcome>

/** POSTs one order. Never throws: what goes wrong is the outcome. */
export interface Caller {
  call(order: CallOrder, signal: AbortSignal): Promise<Outcome>
}

export interface CallOrder {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Whether this address may be reached, also when it is asked for under that name. */
export type MayCall = (address: string, hostname: string) => boolean

export interface CallingBack {
  readonly caller: Caller
  readonly clock: Pick<Clock, 'now'>
  /** What callbacks are signed with, newest first. */
  readonly secrets: () => readonly string[]
}

/** Callbacks are signed by the Standard Webhooks scheme; each try of one carries the delivery's id and its own time. */
export const createCallBack =
  ({ caller, clock, secrets }: CallingBack): CallBack =>
  async (delivery, signal) => {
    const now = clock.now()
    const body = JSON.stringify(callbackOf(delivery, now))
    const signed = signOutgoing({
      id: delivery.id,
      timestamp: Math.floor(now / 1000),
      body,
      secrets: secrets(),
    })
    const headers = { 'content-type': 'application/json', 'user-agent': 'postern', ...signed }
    return caller.call({ url: delivery.callbackUrl ?? '', headers, body }, signal)
  }

/** In the callback phase a reason is why the turn failed. Members without a value are absent in JSON. */
export const callbackOf = (delivery: Delivery, now: number) => ({
  type: delivery.reason === undefined ? 'delivery.completed' : 'delivery.failed',
  timestamp: new Date(now).toISOString(),
  data: {
    deliveryId: delivery.id,
    session: delivery.session,
    status: delivery.reason === undefined ? 'delivered' : 'failed',
    reason: delivery.reason,
    detail: delivery.detail,
    response: delivery.answer,
    skill: delivery.skill,
  },
})

/** Public addresses, and what `server.callbacks.allow` names: hosts, addresses, CIDR blocks. */
export const callableBy =
  (allow: () => readonly string[]): MayCall =>
  (address, hostname) =>
    isPublicAddress(address) ||
    allow().some((entry) => sameHost(entry, hostname) || isInBlock(address, entry))

/** Undefined for anything but an absolute http(s) URL without user and password. */
export function parseCallbackUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const plain = url && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
  return plain ? url : undefined
}

/** The IP address a URL's host spells, or undefined when it is a name. */
export function literalAddress({ hostname }: URL): string | undefined {
  const literal = hostname.replace(/^\[|\]$/g, '')
  return isIP(literal) === 0 ? undefined : literal
}

const longestUrl = 2048

/** What can be seen of a callback's address before any name is resolved. Throws `unprocessable`. */
export function checkCallback(text: string, mayCall: MayCall): void {
  const url = text.length > longestUrl ? undefined : parseCallbackUrl(text)
  if (!url)
    throw wrong(`must be an http or https URL without credentials, at most ${longestUrl} characters long`)
  const address = literalAddress(url)
  if (address !== undefined && !mayCall(address, url.hostname))
    throw wrong('names an address that is not public; server.callbacks.allow can permit it')
}

const wrong = (what: string): Failure => new Failure('unprocessable', `"callbackUrl" ${what}.`)

const sameHost = (a: string, b: string): boolean => a.replace(/\.$/, '') === b.replace(/\.$/, '')
