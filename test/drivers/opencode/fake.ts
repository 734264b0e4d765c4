import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * An opencode server for tests. What a prompt says tells what becomes of it:
 * SLOW:<seconds>  works for a while      TOOL  runs a tool      PERMIT  waits for permission      RETRY  asks its model again
 * ERR MAXTOK FILTER EMPTY  end the turn so      SILENT  tells of an error and never reacts      ROOM  makes room and goes on
 * LATE  is taken, and stands in the conversation only later      NEVER  is taken and comes to nothing
 * IDLE  stands in the conversation, and its turn begins only when told
 */
export interface FakeOpencode {
  readonly url: string
  /** What stands in the conversation, of whoever wrote it. */
  readonly received: string[]
  /** Method and path of every request. */
  readonly requests: string[]
  readonly aborts: string[]
  /** How permissions were answered, by whoever it was. */
  readonly replies: string[]
  /** Conversations by id; removing one is what a person's deleting is. */
  readonly sessions: Map<string, FakeSession>
  password: string | undefined
  /** Takes connections and says nothing. */
  hung: boolean
  /** Nothing is told of what happens before this is resolved. */
  telling: Promise<void>
  /** Nothing is listed of a conversation before this is resolved. */
  listing: Promise<void>
  /** A person's own message. */
  say(text: string): void
  /** What stands in the conversation and waits for its turn gets it. */
  begin(): void
  /** A person answers what is asked. */
  permit(): void
  /** Its process dies, with every turn in it. */
  away(): Promise<void>
  back(): Promise<void>
}

interface FakeSession {
  readonly id: string
  readonly directory: string
  readonly updated: number
  readonly messages: FakeMessage[]
}

interface FakeMessage {
  readonly info: Record<string, unknown>
  readonly parts: Record<string, unknown>[]
}

interface RunningTurn {
  cancelled: boolean
}

export async function startFake(): Promise<FakeOpencode> {
  const sessions = new Map<string, FakeSession>()
  const running = new Map<string, RunningTurn>()
  const permissions = new Map<string, () => void>()
  const streams = new Set<ServerResponse>()
  const [received, requests]: [string[], string[]] = [[], []]
  const [aborts, replies]: [string[], string[]] = [[], []]
  const beginning = Promise.withResolvers<void>()
  /** Counts its processes, one after the other: what one of them was about to do, the next one does not. */
  let life = 0
  let [counted, status]: [number, Record<string, unknown>] = [0, { type: 'busy' }]
  const id = (kind: string) => `${kind}_${String(++counted).padStart(6, '0')}`
  const emit = (type: string, properties: object) => {
    for (const stream of streams) stream.write(`data: ${JSON.stringify({ type, properties })}\n\n`)
  }
  const add = (session: FakeSession, info: Record<string, unknown>, parts: Record<string, unknown>[]) => {
    session.messages.push({ info: { sessionID: session.id, ...info }, parts })
    emit('message.updated', { sessionID: session.id, info })
  }
  const answer = (session: FakeSession, parentID: string, more: object, parts: Record<string, unknown>[]) =>
    add(
      session,
      { id: id('msg'), role: 'assistant', parentID, time: { created: 1, completed: 2 }, ...more },
      parts,
    )
  const text = (content: string, more = {}) => ({ type: 'text', text: content, ...more })

  const addUser = (session: FakeSession, messageId: string, content: string) => {
    received.push(content)
    add(session, { id: messageId, role: 'user', time: { created: 1 } }, [text(content)])
  }

  const turn = async (session: FakeSession, messageId: string, content: string) => {
    const turn = { cancelled: false }
    running.set(session.id, turn)
    status = /RETRY/.test(content)
      ? { type: 'retry', attempt: 1, message: 'the model\nis tired', next: 1 }
      : { type: 'busy' }
    emit('session.status', { sessionID: session.id, status })
    if (/TOOL/.test(content)) {
      const part = { id: id('prt'), type: 'tool', tool: 'bash', state: { status: 'running' } }
      emit('message.part.updated', { sessionID: session.id, part })
      answer(session, messageId, { finish: 'tool-calls' }, [text('on it.'), part])
    }
    if (/PERMIT/.test(content)) await asked(session, turn)
    const until = Date.now() + Number(/SLOW:([\d.]+)/.exec(content)?.[1] ?? 0) * 1000
    while (Date.now() < until && goesOn(session, turn)) await sleep(10)
    if (running.get(session.id) !== turn) return
    end(session, messageId, content, turn)
    running.delete(session.id)
    emit('session.status', { sessionID: session.id, status: { type: 'idle' } })
    emit('session.idle', { sessionID: session.id })
  }

  /** Neither cancelled nor gone with its server. */
  const goesOn = (session: FakeSession, turn: RunningTurn) =>
    !turn.cancelled && running.get(session.id) === turn

  const asked = async (session: FakeSession, turn: RunningTurn) => {
    const request = { id: id('per'), sessionID: session.id, permission: 'bash', patterns: ['rm -r x'] }
    emit('permission.asked', request)
    const answered = new Promise<void>((resolve) => permissions.set(JSON.stringify(request), resolve))
    // As opencode does, an abort ends the turn and leaves its request behind.
    while (goesOn(session, turn) && permissions.has(JSON.stringify(request)))
      await Promise.race([answered, sleep(10)])
  }

  const end = (session: FakeSession, messageId: string, content: string, { cancelled }: RunningTurn) => {
    const error = (name: string, data: object) => answer(session, messageId, { error: { name, data } }, [])
    if (cancelled) return error('MessageAbortedError', { message: 'Aborted' })
    if (/ERR/.test(content)) return error('APIError', { message: 'fake\nfailure', statusCode: 400 })
    if (/MAXTOK/.test(content)) return answer(session, messageId, { finish: 'length' }, [text('half')])
    if (/FILTER/.test(content)) return answer(session, messageId, { finish: 'content-filter' }, [])
    if (/EMPTY/.test(content)) return answer(session, messageId, { finish: 'stop' }, [])
    if (/SILENT/.test(content))
      return emit('session.error', {
        sessionID: session.id,
        error: { name: 'UnknownError', data: { message: 'no model' } },
      })
    if (!/ROOM/.test(content))
      return answer(session, messageId, { finish: 'stop' }, [
        { type: 'step-start' },
        text(`ECHO: ${content}`),
      ])
    answer(session, messageId, { finish: 'tool-calls' }, [text('first half')])
    const own = id('msg')
    add(session, { id: own, role: 'user', time: { created: 1 } }, [text('go on', { synthetic: true })])
    answer(session, own, { finish: 'stop' }, [text('second half')])
  }

  const prompt = async (session: FakeSession, body: Record<string, unknown>) => {
    const parts = body.parts as { text: string }[]
    const content = parts.map((part) => part.text).join('')
    const messageId = String(body.messageID)
    const ownLife = life
    if (/NEVER/.test(content)) return
    if (/LATE/.test(content)) await sleep(300)
    if (ownLife !== life) return
    addUser(session, messageId, content)
    await (/IDLE/.test(content) ? beginning.promise : sleep(20))
    if (ownLife !== life) return
    await turn(session, messageId, content)
  }

  const routes: readonly (readonly [
    RegExp,
    (session: FakeSession, body: Record<string, unknown>) => unknown,
  ])[] = [
    [/^GET \/session\/(ses_\w+)$/, ({ id, directory }) => ({ id, directory })],
    [/^GET \/session\/(ses_\w+)\/children$/, () => []],
    [/^GET \/session\/(ses_\w+)\/message$/, ({ messages }) => messages],
    [
      /^POST \/session\/(ses_\w+)\/prompt_async$/,
      (session, body) => {
        void prompt(session, body)
        return undefined
      },
    ],
    [
      /^POST \/session\/(ses_\w+)\/abort$/,
      ({ id }) => {
        aborts.push(id)
        const turn = running.get(id)
        if (turn) turn.cancelled = true
        return true
      },
    ],
  ]

  const route = (method: string, path: string, body: Record<string, unknown>): unknown => {
    const found = routes.find(([pattern]) => pattern.test(`${method} ${path}`))
    const sessionId = found?.[0].exec(`${method} ${path}`)?.[1] ?? ''
    const session = sessions.get(sessionId)
    if (found) return session ? found[1](session, body) : unknown(`Session not found: ${sessionId}`)
    const [, of, message] = /^\/session\/(ses_\w+)\/message\/(\w+)$/.exec(path) ?? []
    if (of)
      return (
        sessions.get(of)?.messages.find(({ info }) => info.id === message) ?? unknown('Message not found')
      )
    if (path === '/session/status') return Object.fromEntries([...running.keys()].map((one) => [one, status]))
    if (path === '/permission') return [...permissions.keys()].map((request) => JSON.parse(request))
    const [, replied] = /^POST \/permission\/(\w+)\/reply$/.exec(`${method} ${path}`) ?? []
    if (replied) return reply(replied, String(body.reply))
    if (path === '/question') return []
    if (path === '/skill')
      return [{ name: 'code-review', location: '/srv/skills/code-review/SKILL.md', content: 'Look twice.\n' }]
    if (method === 'POST' && path === '/session') return open('/srv/project')
    if (path === '/session')
      return [...sessions.values()].map((one) => ({ ...one, time: { updated: one.updated } }))
    return unknown('no such route')
  }

  const reply = (requestId: string, how: string) => {
    const found = [...permissions].find(([request]) => JSON.parse(request).id === requestId)
    if (!found) return { name: 'NotFoundError', _tag: 'PermissionNotFoundError', requestID: requestId }
    permissions.delete(found[0])
    replies.push(how)
    emit('permission.replied', {
      sessionID: JSON.parse(found[0]).sessionID,
      requestID: requestId,
      reply: how,
    })
    found[1]()
    return true
  }

  const open = (directory: string) => {
    const session = { id: id('ses'), directory, updated: counted, messages: [] }
    sessions.set(session.id, session)
    return session
  }

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://x')
    requests.push(`${request.method} ${url.pathname}`)
    if (fake.hung) return
    const raw = await bodyOf(request)
    const expected = `Basic ${Buffer.from(`opencode:${fake.password}`).toString('base64')}`
    if (fake.password !== undefined && request.headers.authorization !== expected)
      return void response.writeHead(401).end()
    if (url.pathname === '/event') {
      await fake.telling
      streams.add(response)
      request.once('close', () => streams.delete(response))
      return void response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {}\n\n')
    }
    if (url.pathname.endsWith('/message')) await fake.listing
    const answered = route(request.method ?? 'GET', url.pathname, raw === '' ? {} : JSON.parse(raw))
    if (answered === undefined) return void response.writeHead(204).end()
    const missing =
      typeof answered === 'object' &&
      answered !== null &&
      'name' in answered &&
      answered.name === 'NotFoundError'
    response
      .writeHead(missing ? 404 : 200, { 'content-type': 'application/json' })
      .end(JSON.stringify(answered))
  }

  let server = await serve(handle, 0)
  const { port } = server.address() as AddressInfo
  const fake: FakeOpencode = {
    url: `http://127.0.0.1:${port}`,
    ...{ received, requests, aborts, replies, sessions },
    password: undefined,
    hung: false,
    telling: Promise.resolve(),
    listing: Promise.resolve(),
    say: (content) => {
      const [session] = sessions.values()
      if (session) void prompt(session, { messageID: id('msg'), parts: [text(content)] })
    },
    begin: beginning.resolve,
    permit: () => {
      for (const request of permissions.keys()) reply(JSON.parse(request).id, 'once')
    },
    away: async () => {
      life++
      running.clear()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
    back: async () => {
      server = await serve(handle, port)
    },
  }
  open('/srv/project')
  return fake
}

const unknown = (message: string) => ({ name: 'NotFoundError', data: { message } })

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of request) chunks.push(chunk as Uint8Array)
  return Buffer.concat(chunks).toString('utf8')
}

function serve(
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  port: number,
): Promise<Server> {
  const server = createServer((request, response) => {
    handle(request, response).catch((thrown: unknown) => {
      // Who asked may have left in the middle of it.
      if (!request.destroyed) throw thrown
    })
  })
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)))
}
