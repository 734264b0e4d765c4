import { Failure } from '../../domain/error.ts'
import { newNonce } from '../../domain/fence.ts'
import { parseSessionId, requireOpen } from '../../domain/session.ts'
import { type Wait, type WaitAccept, waitAccepts } from '../../domain/wait.ts'
import { showDelivery } from '../../manage/deliveries.ts'
import { readPart } from '../../manage/reading.ts'
import { type OpenedWaitView, openedWaitView } from '../../manage/wait-views.ts'
import { type NewWait, openWait } from '../../manage/waits.ts'
import { duration, wholeNumber } from '../arguments.ts'
import { type Call, type Command, withHome } from '../command.ts'
import type { LocalHome } from '../context.ts'

export const wait: Command = {
  name: 'wait',
  summary: 'Get a URL that works once and wakes the session when somebody posts to it.',
  details:
    'For agents and scripts. Hand the URL over and go on: the answer arrives in the session as a message that repeats what was awaited and what was planned, and so does the end of a wait that nobody answered. With --block it is printed here, too: exit code 0 when it was answered, 1 when nobody answered, 3 when it is still open.',
  flags: [
    { name: 'what', value: 'TEXT', summary: 'what is awaited', required: true },
    { name: 'then', value: 'TEXT', summary: 'what to do then; repeated in the message' },
    { name: 'or-else', value: 'TEXT', summary: 'what to do when nobody answers; repeated then' },
    { name: 'ttl', value: 'SECONDS', summary: 'how long it stands open; 3600 unless given' },
    { name: 'accept', value: 'kind', complete: waitAccepts, summary: 'what the URL takes; any unless given' },
    { name: 'key', value: 'KEY', summary: 'a name for it: the same again makes no second one' },
    { name: 'block', value: 'SECONDS', summary: 'wait so long for the answer' },
    { name: 'session', value: 'id', complete: 'sessions', summary: 'the session that is woken' },
    { name: 'quiet', short: 'q', summary: 'print the URL and nothing else' },
  ],
  examples: [
    'postern wait --session build --what "CI run 4711" --then "rerun the e2e tests if red" --ttl 2h',
    'URL=$(postern wait --session build --what "a word from Alice" --quiet)',
    'postern wait --session build --what "the deploy" --block 45',
  ],
  run: runWait,
}

function runWait(call: Call): Promise<number> {
  return withHome(call, async (home) => {
    if (call.json && call.flags.on('quiet')) throw new Failure('usage', 'Choose one of --json and --quiet.')
    const seconds = call.flags.text('block')
    const blockMs = seconds === undefined ? 0 : wholeNumber(seconds, '--block', 86_400) * 1000
    const { wait, url } = await open(call, home)
    printOpened(call, openedWaitView({ wait, url, isNew: true }))
    return blockMs > 0 ? printEnd(call, home, await endOf(call, home, wait, blockMs)) : 0
  })
}

async function open(call: Call, { store, tokens, clock, config, baseUrl }: LocalHome) {
  const order = orderOf(call)
  const id = parseSessionId(call.flags.need('session'))
  const session = requireOpen(await store.findSession(id), id)
  return openWait({ store, tokens, clock, limits: config.limits, baseUrl }, session, order)
}

function orderOf({ flags }: Call): NewWait {
  const [ttl, plan, orElse] = [flags.text('ttl'), flags.text('then'), flags.text('or-else')]
  return {
    what: flags.need('what'),
    accept: acceptOf(flags.text('accept') ?? 'any'),
    ...(plan !== undefined && { plan }),
    ...(orElse !== undefined && { orElse }),
    ...(ttl !== undefined && { ttlSeconds: secondsOf(ttl) }),
    ...flags.pick('key'),
  }
}

function acceptOf(text: string): WaitAccept {
  const accept = waitAccepts.find((each) => each === text)
  if (!accept) throw new Failure('usage', `--accept is one of ${waitAccepts.join(', ')}, not "${text}".`)
  return accept
}

/** `3600`, or with a unit, such as `2h`. */
const secondsOf = (text: string): number =>
  /^\d+$/.test(text) ? wholeNumber(text, '--ttl') : duration(text, '--ttl') / 1000

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
async function endOf(
  { io, out }: Call,
  { store, nextLook }: LocalHome,
  wait: Wait,
  blockMs: number,
): Promise<Wait> {
  const until = io.now() + blockMs
  const look = async () => (await store.findWait({ id: wait.id })) ?? wait
  return out.during(`Waiting for ${wait.what}`, async () => {
    await store.changedElsewhere()
    let newest = await look()
    while (newest.state === 'armed' && !io.stopping.aborted && io.now() < until) {
      await nextLook(io.stopping)
      if (await store.changedElsewhere()) newest = await look()
    }
    return newest
  })
}

/** How a shell learns what became of it. */
const exitCodes = { answered: 0, expired: 1, cancelled: 1, armed: 3 } as const

async function printEnd(call: Call, home: LocalHome, { id, what, state, delivery }: Wait): Promise<number> {
  const { out, json } = call
  const part =
    state === 'answered' && delivery
      ? readPart(await showDelivery(home.store, delivery), {}, newNonce(home.clock))
      : undefined
  if (json) out.json({ waitId: id, state, ...(delivery && { deliveryId: delivery }), ...part })
  else if (part) out.line(part.text)
  else
    out.note(
      state === 'armed'
        ? `Still open: ${what}`
        : `${state === 'expired' ? 'Nobody answered' : 'Cancelled'}: ${what}`,
    )
  return exitCodes[state]
}
