import { Failure } from '../../domain/error.ts'
import { parseSessionId } from '../../domain/session.ts'
import type { DeliveryView } from '../../manage/views.ts'
import { wholeNumber } from '../arguments.ts'
import { type Call, type Command, requestServer } from '../command.ts'

export const send: Command = {
  name: 'send',
  summary: 'Knock from the shell: send a message to a session.',
  details: 'Needs a running server. "-" reads the text from standard input.',
  args: [{ name: 'text', summary: 'the message' }],
  flags: [
    { name: 'session', value: 'id', summary: 'the session that gets it', required: true },
    { name: 'from', value: 'NAME', summary: 'put [NAME] before it' },
    { name: 'idempotency-key', value: 'KEY', summary: 'a message of the same key is delivered once' },
    { name: 'timeout', value: 'SECONDS', summary: 'wait that long for the outcome; 5 unless given' },
  ],
  rest: { name: 'text', summary: 'a text that begins with a dash' },
  examples: [
    "postern send --session build 'deploy finished, look at the logs'",
    'git log -1 | postern send --session build --from git -',
  ],
  run: runSend,
}

type Sent = Pick<DeliveryView, 'id' | 'state' | 'failedStep' | 'heldBecause' | 'detail'>

async function runSend(call: Call): Promise<void> {
  const body = await bodyOf(call)
  const seconds = wholeNumber(call.flags.text('timeout') ?? '5', '--timeout', 3600)
  const server = await call.io.server(call.home)
  const sent = sentOf(await requestServer(server, 'POST', '/api/deliveries', { body }))
  const follow = () => {
    const path = `/api/deliveries/${sent.id}?wait=${seconds}`
    const signal = call.io.stopping
    const stopped = (thrown: unknown) => (signal.aborted ? sent : Promise.reject(thrown))
    return requestServer(server, 'GET', path, { signal }).catch(stopped)
  }
  const delivery =
    isUnfinished(sent) && seconds > 0
      ? sentOf(await call.out.during(`Waiting for ${call.flags.need('session')}`, follow))
      : sent
  if (call.json) call.out.json(delivery)
  else call.out.line(`${delivery.id}  ${statusOf(delivery)}`)
  if (delivery.state === 'FAILED')
    throw new Failure(
      'delivery_failed',
      `It FAILED (${delivery.failedStep ?? 'unknown'}): ${delivery.detail ?? ''}`,
    )
}

async function bodyOf({ args, flags, rest, io }: Call) {
  const given = args.text('text') ?? (rest.length > 0 ? rest.join(' ') : undefined)
  if (given === undefined) throw new Failure('usage', 'Give a message: postern send --session <id> <text>')
  const message = given === '-' ? await textOf(io.read('-')) : given
  const key = flags.text('idempotency-key')
  return {
    session: parseSessionId(flags.need('session')),
    message,
    ...flags.pick('from'),
    ...(key !== undefined && { idempotency_key: key }),
  }
}

async function textOf(bytes: Promise<Uint8Array>): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await bytes).replace(/\n$/, '')
  } catch (cause) {
    throw cause instanceof Failure ? cause : new Failure('usage', 'The text is not UTF-8.', { cause })
  }
}

const isUnfinished = ({ state }: Sent): boolean => state === 'PENDING' || state === 'RETRY'

const statusOf = (delivery: Sent): string =>
  isUnfinished(delivery)
    ? `buffered${delivery.heldBecause ? ` (${delivery.heldBecause})` : ''}`
    : delivery.state.toLowerCase()

function sentOf(body: unknown): Sent {
  if (typeof body === 'object' && body !== null && 'id' in body && 'state' in body) return body as Sent
  throw new Failure('internal', 'The server answered with something this version does not understand.')
}
