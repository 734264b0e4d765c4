import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { type Answer, configure, countDeliveries, hooks, post, secret, seen } from '../support/hooks.ts'

const sh = promisify(execFile)

const custom = {
  title: { messageTemplate: '{{title}}' },
  sns: { messageTemplate: 'SNS {{Type}}: {{Subject}}', filter: { path: 'Type', equals: 'Notification' } },
  whole: { messageTemplate: 'Log: {{body}}' },
  section: { messageTemplate: '{{#text}}Log: {{.}}{{/text}}' },
  multipart: { messageTemplate: '{{kind}} {{data}} {{shot}}' },
  dotted: { messageTemplate: 'svc={{labels.service.name}}' },
  camera: { messageTemplate: 'The camera fired.' },
  wrongType: { messageTemplate: '{{a}}', bodyFormat: 'form' },
  nested: { messageTemplate: '{{Message.AlarmName}} {{alert.severity}}', parse: ['/Message', 'alert'] },
  small: { messageTemplate: '{{title}}', maxBodyBytes: 1000 },
  signed: { messageTemplate: '{{title}}', verify: 'github' },
  push: { preset: 'github' },
  basic: { messageTemplate: '{{title}}', verify: { scheme: 'basic', username: 'azdo' } },
  only200: {
    messageTemplate: '{{title}}',
    filter: { path: 'title', exists: true },
    respond: {
      status: 200,
      contentType: 'application/json',
      body: '{"ok":"{{status}} {{session}} {{deliveryId}}"}',
    },
  },
  slash: { messageTemplate: '{{command}} {{text}}', verify: 'slack' },
  off: { messageTemplate: 'x', active: false },
}

const zipped = '{"title":"zipped"}'
const form = 'application/x-www-form-urlencoded'
const multipart = [
  '--XX\r\nContent-Disposition: form-data; name="data"\r\n\r\n{"msg":"site is down"}',
  '--XX\r\nContent-Disposition: form-data; name="kind"\r\n\r\nalert',
  '--XX\r\nContent-Disposition: form-data; name="shot"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n\0',
  '--XX--\r\n',
].join('\r\n')

const bytes = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text))
const signatureOf = (body: Uint8Array): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`

describe('what senders need', () => {
  let home: string
  let server: Served

  before(async () => {
    home = await scratchHome()
    configure(home, hooks(custom))
    server = await serve(home)
  })
  after(() => server.stop())

  const at = (name: string): string => `${server.url}/api/hooks/${name}`
  const messageOf = async (id: unknown): Promise<string> => (await seen(home, server, id)).message

  const taken: readonly (readonly [
    what: string,
    hook: string,
    body: string | Uint8Array<ArrayBuffer>,
    headers: Readonly<Record<string, string>>,
    message: string,
  ])[] = [
    ['gzip', 'title', new Uint8Array(gzipSync(zipped)), { 'content-encoding': 'gzip' }, 'zipped'],
    ['deflate', 'title', new Uint8Array(deflateSync(zipped)), { 'content-encoding': 'Deflate' }, 'zipped'],
    ['br', 'title', new Uint8Array(brotliCompressSync(zipped)), { 'content-encoding': 'br' }, 'zipped'],
    ['a charset as encoding', 'title', zipped, { 'content-encoding': 'UTF-8' }, 'zipped'],
    ['Identity', 'title', zipped, { 'content-encoding': 'Identity' }, 'zipped'],
    [
      'JSON as text',
      'sns',
      '{"Type":"Notification","Subject":"cpu"}',
      { 'content-type': 'text/plain' },
      'SNS Notification: cpu',
    ],
    [
      'JSON as the whole text of a section',
      'section',
      zipped,
      { 'content-type': 'text/plain' },
      `Log: ${zipped}`,
    ],
    ['JSON as the whole text', 'whole', zipped, { 'content-type': 'text/plain' }, `Log: ${zipped}`],
    ['JSON as bytes', 'title', zipped, { 'content-type': 'application/octet-stream' }, 'zipped'],
    ['JSON as a form, as curl -d sends it', 'title', zipped, { 'content-type': form }, 'zipped'],
    [
      'a multipart form',
      'multipart',
      multipart,
      { 'content-type': 'multipart/form-data; boundary=XX' },
      'alert {"msg":"site is down"} a.png',
    ],
    ['a key with dots', 'dotted', '{"labels":{"service.name":"api"}}', {}, 'svc=api'],
    ['an empty body', 'camera', '', {}, 'The camera fired.'],
    ['an empty body of no known type', 'camera', '', { 'content-type': 'image/jpeg' }, 'The camera fired.'],
    ['a stray %', 'title', 'title=disk 95% full&id=1', { 'content-type': form }, 'disk 95% full'],
    ['a form that is called JSON', 'wrongType', 'a=1%202', {}, '1 2'],
    ['JSON in a string', 'nested', '{"Message":"{\\"AlarmName\\":\\"cpu\\"}"}', {}, 'cpu '],
    [
      'JSON in a field',
      'nested',
      'alert=%7B%22severity%22%3A%22high%22%7D',
      { 'content-type': form },
      ' high',
    ],
    [
      'wake, packed',
      'wake',
      new Uint8Array(gzipSync('{"message":"packed"}')),
      { 'content-encoding': 'gzip' },
      'packed',
    ],
  ]
  for (const [what, hook, body, headers, message] of taken)
    it(`takes ${what}`, async () => {
      const answer = await post(at(hook), body, headers)
      assert.equal(answer.status, 202, answer.text)
      assert.equal(await messageOf(answer.body.deliveryId), message.trimEnd())
    })

  it('verifies a packed body as it was sent, or as it was before', async () => {
    const packed = new Uint8Array(gzipSync(zipped))
    for (const signed of [packed, bytes(zipped)]) {
      const headers = { 'content-encoding': 'gzip', 'x-hub-signature-256': signatureOf(signed) }
      const answer = await post(at('signed'), packed, { ...headers, authorization: '' })
      assert.equal(answer.status, 202, answer.text)
      assert.equal(await messageOf(answer.body.deliveryId), 'zipped')
    }
    const wrong = { 'content-encoding': 'gzip', 'x-hub-signature-256': signatureOf(bytes('x')) }
    assert.equal((await post(at('signed'), packed, wrong)).status, 401)
  })

  it('stops unpacking at the limit of the hook', async () => {
    const before = await countDeliveries(home, server)
    const packed = { 'content-encoding': 'gzip' }
    const bomb = new Uint8Array(gzipSync(Buffer.alloc(20_000_000)).subarray(0, 900))
    assert.equal((await post(at('small'), bomb, packed)).status, 413)
    const justOver = new Uint8Array(gzipSync(JSON.stringify({ title: 'x'.repeat(989) })))
    assert.equal((await post(at('small'), justOver, packed)).status, 413)
    const justFits = new Uint8Array(gzipSync(JSON.stringify({ title: 'x'.repeat(988) })))
    assert.equal((await post(at('small'), justFits, packed)).status, 202)
    assert.equal(await countDeliveries(home, server), before + 1)
  })

  it('unpacks little for a stranger, and all for who signed what was sent', async () => {
    const body = Buffer.from(JSON.stringify({ title: 'x', text: ' '.repeat(5_000_000) }))
    const packed = new Uint8Array(gzipSync(body))
    assert(packed.length < 20_000)
    const sent = (signed: Uint8Array) => ({
      ...{ 'content-encoding': 'gzip', 'x-github-event': 'push', authorization: '' },
      'x-hub-signature-256': signatureOf(signed),
    })
    assert.equal((await post(at('push'), packed, sent(bytes('forged')))).status, 413)
    assert.equal((await post(at('push'), packed, sent(packed))).status, 202)
  })

  it('takes a push of GitHub that is larger than the limit of other hooks', async () => {
    const commits = Array.from({ length: 2048 }, (_, id) => ({ id: `${id}`, message: 'x'.repeat(700) }))
    const body = bytes(JSON.stringify({ ref: 'refs/heads/main', repository: { full_name: 'a/b' }, commits }))
    assert(body.length > 1_400_000)
    const headers = { 'x-github-event': 'push', 'x-hub-signature-256': signatureOf(body) }
    assert.equal((await post(at('push'), body, headers)).status, 202)
    assert.equal((await post(at('title'), body)).status, 413)
  })

  it('answers probes of hooks that are there, and stores nothing', async () => {
    const before = await countDeliveries(home, server)
    for (const method of ['HEAD', 'GET'])
      for (const [hook, status] of [
        ['title', 200],
        ['signed', 200],
        ['title/', 200],
        ['wake', 200],
        ['agent', 200],
        ['nothing', 404],
        ['off', 403],
      ] as const) {
        const response = await fetch(at(hook), { method })
        assert.equal(response.status, status, `${method} ${hook}`)
        if (status === 200) assert.equal(await response.text(), '')
      }
    assert.equal(await countDeliveries(home, server), before)
  })

  it('challenges for the scheme of the hook, so that curl --anyauth can answer', async () => {
    const challenge = async (hook: string) =>
      (await post(at(hook), {}, { authorization: '' })).headers.get('www-authenticate')
    assert.equal(await challenge('basic'), 'Basic realm="postern"')
    assert.equal(await challenge('title'), 'Bearer realm="postern"')
    assert.equal(await challenge('signed'), null)
    const curl = ['--anyauth', '-u', `azdo:${secret}`, '-H', 'content-type: application/json', '-d', zipped]
    for (let i = 0; i < 25; i++) {
      const { stdout } = await sh('curl', ['-s', '-w', '%{http_code}', ...curl, at('basic')])
      assert.match(stdout, /202$/)
    }
  })

  it('answers in the form that respond says, ignored knocks like all others', async () => {
    const sent = await post(at('only200'), zipped)
    assert.equal(sent.status, 200)
    assert.match(String(sent.body.ok), /^accepted webhook-agent whd_\w+$/)
    const ignored = await post(at('only200'), '{}')
    assert.deepEqual([ignored.status, ignored.text], [200, '{"ok":"ignored  "}'])
    const broken = await post(at('only200'), '{"title":')
    assert.deepEqual([broken.status, broken.body.code], [400, 'malformed'])
  })

  const slack = (body: string): Promise<Answer> => {
    const time = String(Math.floor(Date.now() / 1000))
    const mac = createHmac('sha256', secret).update(`v0:${time}:${body}`).digest('hex')
    const proof = { 'x-slack-request-timestamp': time, 'x-slack-signature': `v0=${mac}` }
    return post(at('slash'), body, { ...proof, 'content-type': form, authorization: '' })
  }

  it('answers a slash command of Slack with what Slack shows', async () => {
    const { status, headers, body } = await slack('command=%2Fdeploy&text=now')
    assert.deepEqual([status, headers.get('content-type')], [200, 'application/json'])
    assert.deepEqual(body, { response_type: 'ephemeral', text: 'Passed on to the agent.' })
  })

  const flawed: readonly (readonly [hook: object, places: readonly string[]])[] = [
    [{ parse: ['/a~2', ''] }, ['parse[0]', 'parse[1]']],
    [{ bodyFormat: 'xml', respond: { status: 404 } }, ['bodyFormat', 'respond.status']],
    [{ respond: { contentType: 'nonsense', body: '{{#open}}' } }, ['respond.contentType', 'respond.body']],
    [{ respond: { status: 204, body: 'x' } }, ['respond.body']],
    [{ respond: { contentType: 'text/plain' } }, ['respond.contentType']],
  ]
  for (const [hook, places] of flawed)
    it(`refuses a hook with ${JSON.stringify(hook)}`, async () => {
      const bad = await scratchHome()
      configure(bad, hooks({ x: { messageTemplate: 'x', ...hook } }))
      const { code, stdout, stderr } = await cli(['check'], { home: bad })
      assert.equal(code, 1)
      for (const place of places) assert(`${stdout}${stderr}`.includes(place), `${place}: ${stdout}${stderr}`)
    })
})
