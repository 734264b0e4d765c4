import { Failure } from '../../domain/error.ts'
import { newNonce } from '../../domain/fence.ts'
import { isWaitId, type WaitAccept, type WaitState, waitAccepts } from '../../domain/wait.ts'
import { showDelivery } from '../../manage/deliveries.ts'
import { type DeliveryPart, readPart } from '../../manage/delivery-part.ts'
import { openSessionCalled } from '../../manage/find-session.ts'
import { type OpenedWaitView, openedWaitView } from '../../manage/wait-views.ts'
import { type NewWait, openWait } from '../../manage/waits.ts'
import { pause } from '../../wait.ts'
import { duration, wholeNumber } from '../arguments.ts'
import { type Call, type Command, requestServer, withHome } from '../command.ts'
import type { LocalHome, ServerClient } from '../context.ts'

export const wait: Command = {
  name: 'wait',
  summary: 'Get a URL that works once and wakes the session when somebody posts to it.',
  details:
    'For agents and scripts. Hand the URL over and go on: the answer arrives in the session as a message that repeats what was awaited and what was planned, and so does the end of a wait that nobody answered. With --block it is printed here, too: exit code 0 when it was answered, 1 when nobody answered, 3 when it is still open.',
  flags: [
    { name: 'what', value: 'TEXT', summary: 'what is awaited', required: true },
    { name: 'then', value: 'TEXT', summary: 'what to do then; repeated in the message' },
    { name: 'or-else', value: 'TEXT', summary: 'what to do when nobody answers; repeated then' },
    {
      name: 'ttl',
      value: 'TIME',
      summary: 'how long it stands open: seconds, or such as 2h; 1h unless given',
    },
    { name: 'accept', value: 'kind', complete: waitAccepts, summary: 'what the URL takes; any unless given' },
    { name: 'key', value: 'KEY', summary: 'a name for it: the same again makes no second one' },
    { name: 'block', value: 'SECONDS', summary: 'wait so long for the answer' },
    {
      name: 'session',
      value: 'id',
      complete: 'sessions',
      summary: 'the session that is woken; that of the agent which runs this unless given',
    },
    { name: 'quiet', summary: 'print the URL and nothing else' },
  ],
  examples: [
    'postern wait --what "CI run 4711" --then "rerun the e2e tests if red" --ttl 2h',
    'URL=$(postern wait --session build --what "a word from Alice" --quiet)',
    'postern wait --session build --what "the deploy" --block 45',
  ],
  run: runWait,
}

function runWait(call: Call): Promise<number> {
  const { flags, json } = call
  if (json && flags.on('quiet')) throw new Failure('usage', 'Choose one of --json and --quiet.')
  const seconds = flags.text('block')
  const blockMs = seconds === undefined ? 0 : wholeNumber(seconds, '--block', 86_400) * 1000
  return flags.on('session')
    ? withHome(call, async (home) => waitBy(call, byOperator(call, home), blockMs))
    : waitBy(call, byAgent(call), blockMs)
}

/** Who asks for the wait, and so how it is seen. */
interface Asker {
  readonly open: (order: NewWait) => Promise<OpenedWaitView>
  readonly look: (id: string) => Promise<Seen>
  /** Between two looks. */
  readonly nextLook: () => Promise<unknown>
  readonly read: (delivery: string) => Promise<DeliveryPart>
}

interface Seen {
  readonly state: WaitState
  readonly deliveryId?: string | undefined
}

async function waitBy(call: Call, asker: Asker, blockMs: number): Promise<number> {
  const opened = await asker.open(orderOf(call))
  printOpened(call, opened)
  if (blockMs === 0) return 0
  const what = call.flags.need('what')
  const end = await call.out.during(`Waiting for ${what}`, () => endOf(call, asker, opened, blockMs))
  return printEnd(call, asker, { ...end, id: opened.waitId, what })
}

/** With the right of whoever may open the home; no server is needed to ask. */
function byOperator({ io, flags }: Call, home: LocalHome): Asker {
  const { store, tokens, clock, config, baseUrl } = home
  return {
    open: async (order) => {
      const session = await openSessionCalled(store, flags.need('session'))
      return openedWaitView(
        await openWait({ store, tokens, clock, limits: config.limits, baseUrl }, session, order),
      )
    },
    look: async (id) => {
      const wait = isWaitId(id) ? await store.findWait({ id }) : undefined
      return { state: wait?.state ?? 'cancelled', deliveryId: wait?.delivery }
    },
    nextLook: () => home.nextLook(io.stopping),
    read: async (delivery) => readPart(await showDelivery(store, delivery), {}, newNonce(clock)),
  }
}

const lookMs = 500

/** With the capability of the agent that runs this, which the server checks. */
function byAgent({ io, home }: Call): Asker {
  const ask = async <T>(...[method, path, options]: Parameters<ServerClient['request']>) =>
    (await requestServer({ request: await io.ownSession(home) }, method, path, options)) as T
  return {
    open: ({ plan, ...order }) =>
      ask('POST', '/agent/waits', {
        body: { ...order, ...(plan !== undefined && Object.fromEntries([['then', plan]])) },
      }),
    look: async (id) => {
      const { waits } = await ask<{ readonly waits: readonly Seen[] }>('GET', `/agent/waits?id=${id}`)
      return waits[0] ?? { state: 'cancelled' }
    },
    nextLook: () => pause(lookMs, io.stopping),
    read: (delivery) => ask('GET', `/agent/deliveries/${delivery}`),
  }
}

function orderOf({ flags }: Call): NewWait {
  const [ttl, plan, orElse] = [flags.text('ttl'), flags.text('then'), flags.text('or-else')]
  return {
    what: flags.need('what'),
    accept: acceptOf(flags.text('accept') ?? 'any'),
    ...(plan !== undefined && { plan }),
    ...(orElse !== undefined && { orElse }),
    ...(ttl !== undefined && { ttlSeconds: duration(ttl, '--ttl') / 1000 }),
    ...flags.pick('key'),
  }
}

function acceptOf(text: string): WaitAccept {
  const accept = waitAccepts.find((each) => each === text)
  if (!accept) throw new Failure('usage', `--accept is one of ${waitAccepts.join(', ')}, not "${text}".`)
  return accept
}

function printOpened({ out, json, flags }: Call, opened: OpenedWaitView): void {
  if (json) return void out.json(opened)
  if (flags.on('quiet')) return void out.line(opened.url)
  out.fields([
    ['Wait', opened.waitId],
    ['Webhook', opened.url],
    ['Expires', opened.expiresAt],
    ['State', opened.state],
  ])
  if (opened.reachable === 'local')
    out.note('This URL is reachable from this machine only: no public URL is configured.')
}

/** The wait when it is closed, or as it is after `blockMs` or ^C. */
async function endOf({ io }: Call, asker: Asker, { waitId }: OpenedWaitView, blockMs: number): Promise<Seen> {
  const until = io.now() + blockMs
  let newest = await asker.look(waitId)
  while (newest.state === 'armed' && !io.stopping.aborted && io.now() < until) {
    await asker.nextLook()
    newest = await asker.look(waitId)
  }
  return newest
}

/** How a shell learns what became of it. */
const exitCodes = { answered: 0, expired: 1, cancelled: 1, armed: 3 } as const

async function printEnd(
  { out, json }: Call,
  asker: Asker,
  { id, what, state, deliveryId }: Seen & { readonly id: string; readonly what: string },
): Promise<number> {
  const part = state === 'answered' && deliveryId ? await asker.read(deliveryId) : undefined
  if (json) out.json({ waitId: id, state, ...(deliveryId && { deliveryId }), ...part })
  else if (part) out.line(part.text)
  else
    out.note(
      `${{ armed: 'Still open', expired: 'Nobody answered', cancelled: 'Cancelled', answered: '' }[state]}: ${what}`,
    )
  return exitCodes[state]
}
