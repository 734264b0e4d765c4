import { Buffer } from 'node:buffer'
import { type Code, Failure } from '../../domain/error.ts'
import { showDelivery } from '../../manage/deliveries.ts'
import { deliverySentence } from '../../manage/delivery-sentence.ts'
import { deliveryView } from '../../manage/views.ts'
import { wholeNumber } from '../arguments.ts'
import { type Call, type Command, requestServer, withHome } from '../command.ts'
import type { ServerClient } from '../context.ts'
import { isCode } from '../exit.ts'
import { hookName, trialFlags, trialOf } from './hook-trial.ts'

export const hooksSend: Command = {
  name: 'hooks send',
  summary: 'Send a hook what its sender would send, signed as it asks, through its real door.',
  details:
    'Needs a running server, which signs. Where the headers have an id of the sender’s, it is a new one, so that nothing is taken for a repeat.',
  args: [hookName],
  flags: [
    ...trialFlags,
    { name: 'wait', value: 'SECONDS', summary: 'wait that long for the outcome; 30 unless given' },
  ],
  examples: [
    'postern hooks send github',
    'postern hooks send github --payload push.json --header X-GitHub-Event:push',
    'postern hooks send --delivery whd_0VxK3mQ2aBcDeFgHiJkLmNoP --wait 0',
  ],
  run: runSend,
}

interface Sent {
  readonly hook: string
  readonly status: number
  readonly answer: unknown
  readonly replayed: boolean
  readonly deliveryId: string | null
}

async function runSend(call: Call): Promise<void> {
  const seconds = wholeNumber(call.flags.text('wait') ?? '30', '--wait', 240)
  const { name, payload, headers } = await trialOf(call)
  const server = await call.io.server(call.home)
  const body = {
    headers,
    ...(payload && { payload: Buffer.from(payload).toString('base64'), payloadEncoding: 'base64' }),
  }
  const path = `/api/hooks/${encodeURIComponent(name)}/send`
  const sent = sentOf(await requestServer(server, 'POST', path, { body }))
  const failed = sent.status >= 400 ? refusalOf(sent) : undefined
  if (!call.json) printReceipt(call, sent)
  if (failed && sent.deliveryId === null) {
    if (call.json) call.out.json({ ...sent, delivery: null })
    throw failed
  }
  await follow(call, server, sent, seconds)
}

function printReceipt({ out }: Call, { hook, status, answer, replayed, deliveryId }: Sent): void {
  const outcome = memberOf(answer, 'status') ?? memberOf(answer, 'title') ?? ''
  const repeat = replayed ? ' (a repeat: the payload has an id that came before)' : ''
  out.line(
    [`${hook} answered ${status} ${outcome}`.trimEnd() + repeat, deliveryId ?? ''].join('  ').trimEnd(),
  )
  const reason = memberOf(answer, 'status') === 'ignored' ? memberOf(answer, 'reason') : undefined
  if (reason !== undefined) out.note(`Ignored: ${reason}`)
}

/** Waits for the end of what was stored, and says what happened. Throws `delivery_failed`. */
async function follow(call: Call, server: ServerClient, sent: Sent, seconds: number): Promise<void> {
  const { deliveryId: id } = sent
  const { io, out, json } = call
  if (id === null) return json ? out.json({ ...sent, delivery: null }) : undefined
  const signal = io.stopping
  const stopped = (thrown: unknown) => (signal.aborted ? undefined : Promise.reject(thrown))
  const waiting = () =>
    requestServer(server, 'GET', `/api/deliveries/${id}?wait=${seconds}`, { signal }).catch(stopped)
  if (seconds > 0) await out.during(`Waiting for ${id}`, waiting)
  const record = await withHome(call, ({ store }) => showDelivery(store, id))
  if (json) out.json({ ...sent, delivery: deliveryView(record) })
  else out.prose(deliverySentence(record, io.now()))
  if (record.state === 'FAILED')
    throw new Failure('delivery_failed', `It FAILED (${record.failedStep ?? 'unknown'}).`)
}

/** A refusal at the door, under its own code. */
function refusalOf({ answer, status }: Sent): Failure {
  const code: Code | undefined = [memberOf(answer, 'code')].find(isCode)
  return new Failure(code ?? 'internal', memberOf(answer, 'detail') ?? `The door answered ${status}.`)
}

function memberOf(answer: unknown, name: string): string | undefined {
  const value = typeof answer === 'object' && answer !== null ? Object.entries(answer) : []
  const [, found] = value.find(([key]) => key === name) ?? []
  return typeof found === 'string' ? found : undefined
}

function sentOf(body: unknown): Sent {
  if (typeof body === 'object' && body !== null && 'status' in body && 'deliveryId' in body)
    return body as Sent
  throw new Failure('internal', 'The server answered with something this version does not understand.')
}
