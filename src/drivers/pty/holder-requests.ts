import type { Socket } from 'node:net'
import type { Readiness } from '../../domain/driver.ts'
import { reasonOf } from '../../domain/error.ts'
import type { Outcome } from '../../domain/outcome.ts'
import type { Typist } from '../terminal/typing.ts'
import type { HeldTerminal } from './held-terminal.ts'
import { type End, type Request, readLines, type Size, sendLine } from './protocol.ts'
import type { ScreenViewers } from './screen-viewers.ts'
import type { TypedDeliveries } from './typed-deliveries.ts'
import type { Viewers } from './viewers.ts'

/** One terminal holder: its terminal, and what was typed there. */
export interface Holder {
  readonly session: string
  readonly generation: string
  readonly terminal: HeldTerminal
  readonly typist: Typist
  readonly typed: TypedDeliveries
  readonly viewers: Viewers
  readonly screens: ScreenViewers
  /** Ends the program and all it started. */
  readonly stop: () => Promise<void>
  end: End | undefined
  typing: boolean
}

interface Client {
  readonly holder: Holder
  readonly socket: Socket
  /** Aborts the typing of a text of which nothing is typed yet. */
  readonly cancelled: AbortController
  /** Ends waiting on behalf of this client; typing goes on. */
  readonly gone: AbortController
}

/** Serves one connection. A client that vanishes in the middle of typing gets the outcome by `recall` afterwards. */
export function serve(holder: Holder, socket: Socket): void {
  const { session, generation } = holder
  const client = { holder, socket, cancelled: new AbortController(), gone: new AbortController() }
  socket.on('error', () => socket.destroy())
  socket.once('close', () => client.gone.abort())
  sendLine(socket, { is: 'hello', generation, session })
  readLines<Request>(socket, (request) => {
    answer(client, request).catch((thrown: unknown) => {
      sendLine(socket, { is: 'outcome', outcome: { kind: 'failed', why: reasonOf(thrown), retry: true } })
    })
  })
}

async function answer(client: Client, request: Request): Promise<void> {
  const { holder, socket } = client
  switch (request.op) {
    case 'state':
      sendLine(socket, { is: 'state', readiness: await readiness(holder) })
      return
    case 'inject':
      return inject(client, request.deliveryId, request.text, request.turn)
    case 'cancel':
      return client.cancelled.abort()
    case 'recall':
      return recall(client, request.deliveryId)
    case 'attach':
      if (request.terminal) resize(holder, request.terminal)
      return holder.viewers.join(socket, request.terminal !== undefined)
    case 'keys':
      return holder.terminal.keys(Buffer.from(request.data, 'base64'), holder.viewers.isFirst(socket))
    case 'resize':
      return resize(holder, request.size)
    case 'screen':
      return holder.screens.join(socket)
    case 'end':
      await holder.stop()
      return holder.viewers.join(socket, false)
  }
}

function resize({ terminal, screens }: Holder, size: Size): void {
  terminal.resize(size)
  screens.changed()
}

async function readiness({ end, typing, typist }: Holder): Promise<Readiness> {
  if (!end && typing) return { kind: 'busy', why: typingNow }
  return typist.readiness()
}

const typingNow = 'a message is being typed'

async function inject(client: Client, deliveryId: string, text: string, turn: boolean): Promise<void> {
  const { holder, cancelled } = client
  const known = holder.typed.find(deliveryId)
  if (!known && holder.typing) return sendOutcome(client, { kind: 'busy', why: typingNow })
  await conclude(
    client,
    holder.typed.once(deliveryId, turn, () => type(holder, text, cancelled.signal)),
    turn,
  )
}

async function type(holder: Holder, text: string, signal: AbortSignal): Promise<Outcome> {
  setTyping(holder, true)
  try {
    return await holder.terminal.alone(() => holder.typist.type(text, signal))
  } finally {
    setTyping(holder, false)
  }
}

function setTyping(holder: Holder, typing: boolean): void {
  holder.typing = typing
  holder.screens.changed()
}

async function recall(client: Client, deliveryId: string): Promise<void> {
  const known = client.holder.typed.find(deliveryId)
  if (known) return conclude(client, known.outcome, known.turn)
  sendLine(client.socket, { is: 'outcome' })
}

async function conclude(client: Client, typed: Promise<Outcome>, turn: boolean): Promise<void> {
  const outcome = await typed
  if (!turn || outcome.kind !== 'taken') return sendOutcome(client, outcome)
  sendLine(client.socket, { is: 'accepted', evidence: outcome.evidence })
  const asks = (what: string) => sendLine(client.socket, { is: 'asks', what })
  sendOutcome(client, await client.holder.typist.rest(client.gone.signal, asks))
}

function sendOutcome({ socket }: Client, outcome: Outcome): void {
  sendLine(socket, { is: 'outcome', outcome })
}
