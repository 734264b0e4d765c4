import type { DecisionTools, OpenRequest, Verdict } from '../../domain/decision.ts'
import { oneLine } from '../../domain/one-line.ts'
import { pause } from '../../wait.ts'
import { type JsonObject, textAt } from '../json.ts'
import { type Conversation, directoryOf, locate } from './conversation.ts'
import { readEvents } from './events.ts'
import type { Opening } from './opening.ts'
import { askedIn } from './readiness.ts'

/** What is asked in a conversation, whoever began its turn, and who is asked for it from afar. */
interface Watch {
  readonly opening: Opening
  readonly decisions: DecisionTools
  readonly conversation: Conversation
  /** By opencode's id. */
  readonly known: Map<string, Known>
}

interface Known {
  readonly asked: OpenRequest
  /** A person decided from afar, and opencode is being told. */
  answering: boolean
}

/** A server that is not there is looked for again. */
const againMs = 2000

/** Puts the permissions that a conversation asks for before people. What nobody decides stays as it is. */
export async function watchRequests(opening: Opening, decisions: DecisionTools): Promise<void> {
  const { signal } = opening.closing
  while (!signal.aborted) {
    const located = await locate(opening, signal)
    if (located.kind === 'gone') return
    if (located.kind !== 'place') await pause(againMs, signal)
    else await watch({ opening, decisions, conversation: located.conversation, known: new Map() })
  }
}

async function watch(watched: Watch): Promise<void> {
  const { opening, conversation } = watched
  const { signal } = opening.closing
  let looking = Promise.resolve()
  const look = () => {
    looking = looking.then(() => lookAt(watched, signal))
  }
  const onEvent = ({ type }: JsonObject) => {
    if (String(type).startsWith('permission.')) look()
  }
  await readEvents({ ...conversation, api: opening.api, onEvent, opened: look, signal })
  for (const { asked } of watched.known.values()) asked.close('withdrawn', 'the session is closed')
}

/** Events only prompt this look, which also finds what was asked before anybody listened. */
async function lookAt(watched: Watch, signal: AbortSignal): Promise<void> {
  const { opening, conversation, known } = watched
  const requests = await askedIn(opening, conversation, '/permission', signal)
  if (requests === undefined || signal.aborted) return
  const ids = new Set(requests.map(idOf))
  for (const [id, { asked, answering }] of known) {
    if (ids.has(id)) continue
    known.delete(id)
    if (!answering) asked.close('elsewhere', 'it was answered in opencode, or its turn was ended there')
  }
  for (const request of requests) if (!known.has(idOf(request))) ask(watched, request)
}

const idOf = (request: JsonObject): string => textAt(request, 'id') ?? ''

function ask(watched: Watch, request: JsonObject): void {
  const id = idOf(request)
  const detail = JSON.stringify(request, null, 2)
  const asked = watched.decisions.open({ id, kind: 'permission', title: titleOf(request), detail })
  const one: Known = { asked, answering: false }
  watched.known.set(id, one)
  void asked.decided.then(async (decided) => {
    if (!decided) return
    one.answering = true
    decided.applied(await answer(watched, id, decided.verdict))
  })
}

function titleOf(request: JsonObject): string {
  const patterns = Array.isArray(request.patterns)
    ? request.patterns.filter((one) => typeof one === 'string')
    : []
  const about = textAt(request, 'metadata', 'command') ?? patterns.join(' ')
  return oneLine(`${textAt(request, 'permission') ?? 'a tool'}: ${about}`, maxTitle)
}

const maxTitle = 200

/** Undefined when opencode has been told; else why not. */
async function answer(
  { opening: { api, closing }, conversation }: Watch,
  id: string,
  verdict: Verdict,
): Promise<string | undefined> {
  const body = { reply: verdict === 'allow' ? 'once' : 'reject' }
  const reply = await api.post(`/permission/${id}/reply`, directoryOf(conversation), body, closing.signal)
  if (reply.kind === 'done') return undefined
  return reply.kind === 'unknown' ? 'it had been answered in opencode' : reply.why
}
