// What a program against the API may write, and what its compiler must refuse. Checked against a generated `schema.ts`.
import type { components, operations } from './schema.ts'

type Id = keyof operations
type Content<T> = T extends { content: infer Types } ? Types[keyof Types] : undefined
type Body<I extends Id> = operations[I] extends { requestBody?: infer B } ? Content<NonNullable<B>> : never
type Parameters<I extends Id, Place extends 'query' | 'path'> = NonNullable<
  operations[I]['parameters'][Place]
>
type Answers<I extends Id> = operations[I]['responses']

interface Order<I extends Id> {
  readonly query?: Parameters<I, 'query'>
  readonly path?: Parameters<I, 'path'>
  readonly body?: Body<I>
}

declare function call<I extends Id, Status extends keyof Answers<I>>(
  id: I,
  status: Status,
  order?: Order<I>,
): Promise<Content<Answers<I>[Status]>>

type Schemas = components['schemas']

export async function useEverything(): Promise<void> {
  const path = { id: 'x' }
  const delivered: Schemas['KnockAnswer'] = await call('knock', 200, {
    path: { token: 'x' },
    body: { message: 'a' },
  })
  const buffered: 'delivered' | 'buffered' = (
    await call('knockByToken', 202, { body: { message: 'a', from: 'b' } })
  ).status
  const woken: Schemas['HookAnswer'] = await call('wake', 202, {
    body: { message: 'a', idempotency_key: 'b' },
  })
  // Any JSON: `responseSchema` may ask for an object.
  const turn: unknown = (
    await call('agent', 200, {
      body: { message: 'a', skill: 'b', timeoutSeconds: 5, responseSchema: { type: 'object' } },
    })
  ).response
  const hook: string | undefined = (await call('hook_github', 202, { body: { repository: { name: 'a' } } }))
    .reason

  const opened: number = (
    await call('registerSession', 201, {
      body: { id: 'a', driver: 'tmux', settings: { target: '%5' }, check: true, replace: null },
    })
  ).liveGrants
  const oldest: string = (await call('nextInInbox', 200, { path, query: { wait: 5 } })).message
  const grants: Schemas['Grant'][] = await call('listGrants', 200, { query: { session: 'a' } })
  const url: string = (await call('mintGrant', 201, { body: { session: 'a', ttl: 60, label: 'b' } })).webhook
  await call('mintGrant', 201, { body: { session: 'a', ttl: 'never' } })
  await call('mintGrant', 201, { body: { session: 'a', uses: 1 } })
  const rotated: string = (await call('rotateGrant', 200, { path, body: { grace: 300 } })).webhook
  const held: boolean[] = [
    (await call('pauseGrant', 200, { path })).paused,
    (await call('resumeGrant', 200, { path })).paused,
    (await call('pauseHook', 200, { path: { name: 'a' } })).paused,
    (await call('resumeHook', 200, { path: { name: 'a' } })).paused,
    (await call('pauseSession', 200, { path })).paused,
    (await call('resumeSession', 200, { path })).paused,
  ]
  const rendered: string | null = (
    await call('testHook', 200, { path: { name: 'a' }, body: { delivery: 'b', headers: { c: 'd' } } })
  ).message
  const atDoor: [number, string | null] = await call('sendToHook', 200, {
    path: { name: 'a' },
    body: { payload: 'e30=', payloadEncoding: 'base64' },
  }).then(({ status, deliveryId }) => [status, deliveryId])
  const revoked: boolean = (await call('revokeGrant', 200, { path })).revoked

  const states: ('live' | 'offline' | 'ended')[] = (await call('listSessions', 200)).map(({ state }) => state)
  const queue: number = (await call('showSession', 200, { path })).queue
  const { text, lines } = await call('showScreen', 200, { path })
  const drawn: [string, number | string | undefined, true | undefined][] = lines
    .flat()
    .map(({ text, fg, bold }) => [text, fg, bold])
  const isOver: boolean = (await call('cancelTurn', 200, { path })).cancelled
  const failed: number = (await call('endSession', 200, { path })).failed
  const hosts: ('waiting' | 'there' | 'away' | 'revoked')[] = (await call('listHosts', 200)).map(
    ({ state }) => state,
  )
  const key: string = (await call('addHost', 201, { body: { name: 'a' } })).token
  const other: string = (await call('rotateHost', 200, { path: { name: 'a' } })).token
  const unseen: string | null = (await call('revokeHost', 200, { path: { name: 'a' } })).seenAt
  const asked: string[] = (await call('listDecisions', 200, { query: { open: 'yes', limit: 5 } })).map(
    ({ title }) => title,
  )
  const verdict: 'allow' | 'deny' | null = (await call('decide', 200, { path, body: { verdict: 'deny' } }))
    .verdict
  const exactly: string = (await call('showDecision', 200, { path })).detail
  const page: string = await call('decidePage', 200, { path: { token: 'x' } })
  const decision: string | null = (await call('showSession', 200, { path })).decision
  const actions: ('agent' | 'wake')[] = (await call('listHooks', 200)).map(({ action }) => action)

  const query = {
    state: 'FAILED',
    session: 'a',
    hook: 'b',
    grant: 'c',
    text: 'd',
    after: 5,
    limit: 10,
  } as const
  const deliveries: Schemas['Delivery'][] = await call('listDeliveries', 200, { query })
  const sent: Schemas['Delivery'] = await call('sendMessage', 202, { body: { session: 'a', message: 'b' } })
  const record: Schemas['DeliveryRecord'] = await call('showDelivery', 200, { path, query: { wait: 5 } })
  const kinds: string[] = record.events.map(({ kind }) => kind)
  const agent: string | undefined = record.headers['user-agent']
  const retried: string = (await call('retryDelivery', 202, { path })).id
  const replayed: string | null = (await call('replayDelivery', 202, { path, body: { message: 'a' } }))
    .replayOf
  await call('replayDelivery', 202, { path })
  await call('cancelDelivery', 200, { path })
  const bulk: number = (await call('cancelDeliveries', 200, { query: { session: 'default' } })).done
  const retriedAll: number = (await call('retryDeliveries', 200, { query: { state: 'FAILED' } })).found
  const taken: 'PENDING' | 'RETRY' | 'DELIVERED' | 'FAILED' = (
    await call('acknowledgeDelivery', 200, { path })
  ).state
  const gone: undefined = await call('purgeDelivery', 204, { path })

  const history: Schemas['History'] = await call('getHistory', 200, { query: { span: '7d' } })
  const slowest: (number | undefined)[] = history.steps.map(({ taken }) => taken?.p99Ms)

  const refusals: Schemas['Refusal'][] = await call('listRefusals', 200, {
    query: { hook: 'a', grant: 'b', after: 5, limit: 10 },
  })
  const causes: string[] = refusals.map(({ cause }) => cause)

  const notices: Schemas['Notice'][] = await call('listNotices', 200, {
    query: { state: 'FAILED', rule: 'a', after: 5, limit: 10 },
  })
  const events: string[] = notices.map(({ event }) => event)

  const awaited: string[] = (
    await call('listWaits', 200, { query: { open: 'yes', session: 'a', limit: 5 } })
  ).map(({ what }) => what)
  const cancelled: Schemas['Wait'] = await call('cancelAnyWait', 200, { path })
  const room: number = (await call('showSelf', 200)).maxWaits
  const wait: Schemas['OpenedWait'] = await call('openWait', 201, {
    body: { what: 'a', then: 'b', orElse: 'c', ttlSeconds: 60, accept: 'json', key: 'd' },
  })
  const own: Schemas['WaitState'][] = (await call('listOwnWaits', 200, { query: { after: 3 } })).waits
  const over: Schemas['CancelledWait'] = await call('cancelWait', 200, { path })
  const part: string = (await call('readDelivery', 200, { path, query: { offset: 0, limit: 5 } })).text
  const isFirst: boolean = (await call('replyToDelivery', 200, { path, body: { json: { a: 1 } } })).first

  const version: string = (await call('mcp', 200, { body: { jsonrpc: '2.0', id: 1, method: 'tools/list' } }))
    .jsonrpc

  const expires: string = (await call('mintLink', 201)).expires
  const alive: string = (await call('live', 200)).status
  const ready: string = (await call('ready', 200)).status
  const pages: string[] = [
    await call('metrics', 200),
    await call('dashboard', 200),
    await call('explorer', 200),
  ]
  const document: object = await call('document', 200)
  const code: string = (await call('mintGrant', 422)).code
  const requestId: string | undefined = (await call('showDelivery', 'default')).requestId

  // @ts-expect-error a misspelt member
  await call('mintGrant', 201, { body: { session: 'a', tll: 5 } })
  // @ts-expect-error a lifetime in words
  await call('mintGrant', 201, { body: { session: 'a', ttl: 'an hour' } })
  // @ts-expect-error a misspelt parameter
  await call('listDeliveries', 200, { query: { stat: 'FAILED' } })
  // @ts-expect-error what is awaited is missing
  await call('openWait', 201, { body: { then: 'b' } })
  // @ts-expect-error no message
  await call('sendMessage', 202, { body: { session: 'a' } })
  // @ts-expect-error no such answer
  await call('purgeDelivery', 200)

  console.log(opened, oldest)
  console.log(
    delivered,
    buffered,
    woken,
    turn,
    hook,
    grants,
    url,
    revoked,
    rendered,
    atDoor,
    states,
    queue,
    failed,
    isOver,
    text,
    drawn,
    actions,
  )
  console.log(rotated, held, awaited, cancelled, room, wait, own, over, part, isFirst, version)
  console.log(hosts, key, other, unseen)
  console.log(asked, verdict, decision, exactly, page, slowest)
  console.log(
    causes,
    events,
    deliveries,
    sent,
    kinds,
    agent,
    retried,
    bulk,
    retriedAll,
    replayed,
    taken,
    gone,
  )
  console.log(expires, alive, ready, pages, document, code, requestId)
}
