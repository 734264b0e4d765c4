import type { Socket } from 'node:net'
import type { Readiness } from '../../domain/driver.ts'
import { reasonOf } from '../../domain/error.ts'
import type { Outcome } from '../../domain/outcome.ts'
import type { Typist } from '../terminal/typing.ts'
import type { HeldTerminal } from './held-terminal.ts'
import { type End, hearFrom, type Request, sayTo } from './protocol.ts'
import type { Ledger } from './typed-deliveries.ts'
import type { Watchers } from './viewers.ts'

/** What a holder has in hands. */
export interface Holding {
  readonly generation: string
  readonly terminal: HeldTerminal
  readonly typist: Typist
  readonly ledger: Ledger
  readonly watchers: Watchers
  /** Ends the program and all it started. */
  readonly stop: () => Promise<void>
  end: End | undefined
  typing: boolean
}

interface Client {
  readonly holding: Holding
  readonly socket: Socket
  /** Lets go of what is not typed yet. */
  readonly cancelled: AbortController
  /** Ends waiting on behalf of this client; typing goes on without it. */
  readonly gone: AbortController
}

/** Serves one connection. Who vanishes in the middle of typing finds the outcome in the ledger afterwards. */
export function serve(holding: Holding, socket: Socket): void {
  const client = { holding, socket, cancelled: new AbortController(), gone: new AbortController() }
  socket.on('error', () => socket.destroy())
  socket.once('close', () => client.gone.abort())
  sayTo(socket, { is: 'hello', generation: holding.generation })
  hearFrom<Request>(socket, (request) => {
    answer(client, request).catch((thrown: unknown) => {
      sayTo(socket, { is: 'outcome', outcome: { kind: 'failed', why: reasonOf(thrown), retry: true } })
    })
  })
}

async function answer(client: Client, request: Request): Promise<void> {
  const { holding, socket } = client
  switch (request.op) {
    case 'state':
      sayTo(socket, { is: 'state', readiness: await readiness(holding) })
      return
    case 'inject':
      return inject(client, request.deliveryId, request.text, request.turn)
    case 'cancel':
      return client.cancelled.abort()
    case 'recall':
      return recall(client, request.deliveryId)
    case 'attach':
      if (request.terminal) holding.terminal.resize(request.terminal)
      return holding.watchers.join(socket, request.terminal !== undefined)
    case 'keys':
      return holding.terminal.keys(Buffer.from(request.data, 'base64'), holding.watchers.isFirst(socket))
    case 'resize':
      return holding.terminal.resize(request.size)
    case 'end':
      await holding.stop()
      return holding.watchers.join(socket, false)
  }
}

async function readiness({ end, typing, typist }: Holding): Promise<Readiness> {
  if (!end && typing) return { kind: 'busy', why: typingNow }
  return typist.readiness()
}

const typingNow = 'a message is being typed'

async function inject(client: Client, deliveryId: string, text: string, turn: boolean): Promise<void> {
  const { holding, cancelled } = client
  const known = holding.ledger.find(deliveryId)
  if (!known && holding.typing) return sayOutcome(client, { kind: 'busy', why: typingNow })
  await conclude(
    client,
    holding.ledger.once(deliveryId, turn, () => type(holding, text, cancelled.signal)),
    turn,
  )
}

async function type(holding: Holding, text: string, signal: AbortSignal): Promise<Outcome> {
  holding.typing = true
  try {
    return await holding.terminal.alone(() => holding.typist.type(text, signal))
  } finally {
    holding.typing = false
  }
}

async function recall(client: Client, deliveryId: string): Promise<void> {
  const known = client.holding.ledger.find(deliveryId)
  if (known) return conclude(client, known.outcome, known.turn)
  sayTo(client.socket, { is: 'outcome' })
}

async function conclude(client: Client, typed: Promise<Outcome>, turn: boolean): Promise<void> {
  const outcome = await typed
  if (!turn || outcome.kind !== 'taken') return sayOutcome(client, outcome)
  sayTo(client.socket, { is: 'accepted', evidence: outcome.evidence })
  const asks = (what: string) => sayTo(client.socket, { is: 'asks', what })
  sayOutcome(client, await client.holding.typist.rest(client.gone.signal, asks))
}

function sayOutcome({ socket }: Client, outcome: Outcome): void {
  sayTo(socket, { is: 'outcome', outcome })
}
