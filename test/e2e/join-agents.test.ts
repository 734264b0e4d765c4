import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { addAsking, answeredAfter, asked, isIdle, type ShownDecision } from '../support/asking.ts'
import { cli, joinDoor, scratchHome } from '../support/binary.ts'
import { form, proofAt } from '../support/decide-page.ts'
import { type Door, knock, openDoor } from '../support/fleet.ts'
import { adminToken, get, hooks, post, settled, show, until } from '../support/hooks.ts'
import { openReceiver } from '../support/receiver.ts'

const exec = promisify(execFile)

type Host = Awaited<ReturnType<Door['host']>>

const ran = async (host: Pick<Host, 'postern'>, ...args: readonly string[]) => {
  const { code, stdout, stderr } = await host.postern(...args)
  assert.equal(code, 0, `${args.join(' ')}: ${stderr}`)
  return stdout
}

describe('what an agent on a joined machine asks', { timeout: 240_000 }, () => {
  let door: Door
  let host: Host
  let admin: string
  let api: { readonly url: string; readonly admin: string }

  before(async () => {
    door = await openDoor({ config: hooks() })
    host = await door.host('laptop')
    admin = await adminToken(door.home)
    api = { url: door.url, admin }
    await addAsking(host.home, 'coder', '--decisions')
  })
  after(async () => {
    await host.process.stop()
    await door.server.stop()
  })

  const shown = async ({ id }: ShownDecision): Promise<ShownDecision> =>
    JSON.parse((await get(`${door.url}/api/decisions/${id}`, admin)).text)
  /** The option its agent was answered, and how long after `decide` had begun. */
  const learns = async (before: number, decide: () => Promise<unknown>) => {
    const began = performance.now()
    await decide()
    const [answer] = await answeredAfter(host.home, before, 1)
    return { option: answer?.option, ms: performance.now() - began }
  }

  it('is decided at the door by its API, its URL and its command line, and on the machine itself', async () => {
    const ways: readonly (readonly [string, (one: ShownDecision) => Promise<unknown>, string])[] = [
      [
        'the API',
        ({ id }) =>
          fetch(`${door.url}/api/decisions/${id}`, {
            method: 'POST',
            headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
            body: '{"verdict":"allow"}',
          }),
        'once',
      ],
      ['the command line', ({ id }) => ran(door, 'decide', id, 'deny'), 'no'],
      [
        'its URL',
        async ({ id }) => {
          const { url } = JSON.parse(await ran(door, 'decide', id, '--json')) as { readonly url: string }
          return fetch(url, form({ verdict: 'allow', proof: await proofAt(url) }))
        },
        'once',
      ],
      ['the host', ({ id }) => ran(host, 'decide', id, 'deny'), 'no'],
    ]
    for (const [index, [way, decide, option]] of ways.entries()) {
      const [one] = await asked(api, 'coder', `TOOL by ${way}`)
      assert.ok(one)
      const learned = await learns(index, () => decide(one))
      assert.equal(learned.option, option, way)
      // With the start of a command in it.
      assert.ok(learned.ms < 4000, `${way}: after ${Math.round(learned.ms)} ms`)
      console.log(`by ${way}: the agent knew after ${Math.round(learned.ms)} ms`)
      await until('it is applied', async () => /allowed|denied/.test((await shown(one)).state) || undefined)
      await isIdle(api, 'coder')
    }
  })

  it('stays open while its door sweeps, and is listed with its URL on the machine, too', async () => {
    const [one] = await asked(api, 'coder', 'TOOL slowly')
    assert.ok(one)
    await new Promise((resolve) => setTimeout(resolve, 12_000))
    assert.equal((await shown(one)).state, 'open')
    assert.match(await ran(host, 'decide', 'ls'), /touch x/)
    assert.match(await ran(host, 'decide', one.id), /touch x/)
    await ran(host, 'decide', one.id, 'allow')
    await isIdle(api, 'coder')
  })

  it('goes with its turn, which is cancelled at the door or on the machine', async () => {
    for (const [by, cancel] of [
      [
        'door',
        () =>
          fetch(`${door.url}/api/sessions/coder/cancel`, {
            method: 'POST',
            headers: { authorization: `Bearer ${admin}` },
          }),
      ],
      ['door command', () => door.postern('session', 'cancel', 'coder')],
      ['host', () => host.postern('session', 'cancel', 'coder')],
    ] as const) {
      const [one] = await asked(api, 'coder', `TOOL to be cancelled by the ${by}`)
      assert.ok(one)
      const answer = await cancel()
      if ('code' in answer) assert.equal(answer.code, 0, `${by}: ${answer.stderr}`)
      else
        assert.deepEqual([answer.status, await answer.json()], [200, { session: 'coder', cancelled: true }])
      await until(`it is withdrawn: ${by}`, async () => (await shown(one)).state === 'withdrawn' || undefined)
      await isIdle(api, 'coder')
    }
  })

  it('is withdrawn when the process that serves for the host is killed', async () => {
    const [one] = await asked(api, 'coder', 'TOOL before the crash')
    assert.ok(one)
    await host.process.kill9()
    host = { ...host, process: await host.again() }
    await until('it is withdrawn', async () => (await shown(one)).state === 'withdrawn' || undefined)
  })
})

describe('what the door brings to a joined machine', { timeout: 240_000 }, () => {
  it('messages of hooks, with a skill while it is away; an inbox; the callback of a turn', async () => {
    const receiver = await openReceiver()
    const door = await openDoor({
      config: {
        ...hooks({
          news: {
            name: 'news',
            path: '/api/hooks/news',
            messageTemplate: 'News: {{headline}}',
            session: 'build',
            active: true,
          },
          skilled: {
            name: 'skilled',
            path: '/api/hooks/skilled',
            messageTemplate: 'Do {{what}}',
            skill: 'review',
            session: 'build',
            active: true,
          },
        }),
        server: { callbacks: { allow: ['127.0.0.1'] } },
        sessions: { allow: ['*'] },
      },
    })
    const host = await door.host('laptop')
    const { got } = await host.agent('build')
    assert.equal((await post(`${door.url}/api/hooks/news`, { headline: 'rain' })).status, 202)
    await until('it is there', () => got()[0])
    assert.match(got().join(' '), /News: rain/)
    const before = got().length

    const turn = { session: 'build', message: 'work', callbackUrl: `${receiver.url}/done` }
    const { body } = await post(`${door.url}/api/hooks/agent`, turn, { prefer: 'wait=0' })
    const call = await receiver.next(({ path }) => path === '/done')
    assert.deepEqual(JSON.parse(call.body).data.response, 'work')
    assert.equal((await settled(door.home, door.server, body.deliveryId)).state, 'DELIVERED')
    assert.deepEqual(got().slice(before), ['work'])

    const unskilled = await post(`${door.url}/api/hooks/skilled`, { what: 'it' })
    assert.equal(unskilled.status, 422)
    assert.equal(unskilled.body.code, 'skill_unknown')
    await host.process.stop()
    const away = await post(`${door.url}/api/hooks/skilled`, { what: 'it later' }, { prefer: 'wait=0' })
    assert.equal(away.status, 202)
    assert.equal((await show(door.home, away.body.deliveryId)).state, 'PENDING')
    const again = await host.again()
    await settled(door.home, door.server, away.body.deliveryId)

    await ran(host, 'session', 'add', 'box', '--driver', 'inbox')
    const { deliveryId = '' } = await knock(await host.expose('box'), 'for the box')
    assert.match(await ran(host, 'inbox', '--session', 'box'), /for the box/)
    assert.match(await ran(door, 'inbox', '--session', 'box'), /for the box/)
    await ran(host, 'inbox', 'ack', deliveryId)
    assert.equal((await show(door.home, deliveryId)).state, 'DELIVERED')
    await again.stop()
    await door.server.stop()
    receiver.close()
  })
})

describe('the own hand of an agent on a joined machine', { timeout: 240_000 }, () => {
  it('reaches the door over TLS, by a certificate that is trusted and by no other; the answer wakes it', async () => {
    const folder = dirname(await scratchHome())
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
    await exec('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-keyout', key, '-out', cert, '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ])
    const door = await openDoor({ args: ['--tls-cert', cert, '--tls-key', key] })
    await assert.rejects(
      (async () => {
        const added = await door.postern('hosts', 'add', 'trusting')
        const home = await scratchHome()
        writeFileSync(join(dirname(home), 'token'), added.stdout.trim(), { mode: 0o600 })
        const joining = await joinDoor(home, [door.url, '--token-file', join(dirname(home), 'token')])
        await joining.stop()
      })(),
      /certificate|self.signed/i,
    )
    const untrusted = join(folder, 'untrusted')
    for (const [i, text] of ['', 'no certificate', readFileSync(key, 'utf8')].entries()) {
      writeFileSync(untrusted, text)
      await assert.rejects(
        door.host(`none-${i}`, door.url, '--ca', untrusted),
        /must hold the certificates in PEM/,
      )
    }
    await assert.rejects(
      door.host('none', door.url, '--ca', join(folder, 'nowhere')),
      /Cannot read .*nowhere/,
    )
    const host = await door.host('laptop', door.url, '--ca', cert)
    const notes = join(folder, 'notes')
    writeFileSync(notes, '')
    const script = [
      `text=$(cat); printf '%s\\n' "$text" >> ${notes}`,
      `case $text in begin) ${host.command('wait', '--what', '"the deploy"', '--then', '"go on"', '--quiet')} > ${notes}.url 2> ${notes}.err;; esac`,
    ].join('; ')
    await ran(host, 'session', 'add', 'build', '--driver', 'command', '--', 'sh', '-c', script)
    await ran(host, 'send', '--session', 'build', '--timeout', '30', 'begin')
    const url = readFileSync(`${notes}.url`, 'utf8').trim()
    assert.ok(url.startsWith(`${door.url}/hook/`), readFileSync(`${notes}.err`, 'utf8'))
    await exec('curl', ['-sS', '--cacert', cert, '-H', 'content-type: text/plain', '-d', 'it is live', url])
    await until('it is woken', () => /it is live/.test(readFileSync(notes, 'utf8')) || undefined)
    assert.match(readFileSync(notes, 'utf8'), /answered after \d+s: the deploy\nYou planned: go on/)

    // The same capability, where the certificate is trusted no more.
    const file = join(host.home, 'keys', 'door.json')
    const { ca: _, ...bare } = JSON.parse(readFileSync(file, 'utf8')) as { readonly ca: string }
    writeFileSync(file, JSON.stringify(bare), { mode: 0o600 })
    const refused = await cli(['session', 'ls'], { home: host.home })
    assert.notEqual(refused.code, 0)
    assert.match(refused.stderr, /certificate|self.signed/i)
    await host.process.stop()
    await door.server.stop()
  })
})
