import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { cli, scratchHome, serve } from '../support/binary.ts'
import { addCommand, configure, hooks, post, settled, until } from '../support/hooks.ts'
import { noTerminals } from '../support/terminal.ts'

/** Deno has another allocator. */
const ofAllocatorGiven =
  process.env.POSTERN_TEST_RUNTIME === 'deno' ? [] : ['MIMALLOC_PURGE_HOLES=0', 'MIMALLOC_PURGE_DELAY=10000']

const strong = 'Kp3vQz81-Wm27tYx9-'
const signing = 'Zq7XvN2mLr0PdT5wKyB8hJc3EgUaS1oFi9QnMtRxVkY'
const secrets = ['SHARED', 'OWN', 'NESTED_NEW', 'NESTED_OLD', 'CALLBACKS', 'INACTIVE']
const env: Readonly<Record<string, string>> = {
  ...Object.fromEntries(secrets.map((name) => [name, `${strong}${name}`])),
  SAME_AS_SHARED: `${strong}SHARED`,
  POSTERN_LOG_LEVEL: 'info',
  POSTERN_SIGNING_KEYS: `00000000000000a1:${signing}`,
  SIGNING_AGAIN: `00000000000000a1:${signing}`,
  EDITOR: 'vi',
}
const document = {
  ...hooks({
    own: { messageTemplate: 'x', secret: { env: 'OWN' } },
    nested: {
      messageTemplate: 'x',
      verify: { scheme: 'github', secret: [{ env: 'NESTED_NEW' }, { env: 'NESTED_OLD' }] },
    },
    off: { messageTemplate: 'x', active: false, secret: { env: 'INACTIVE' } },
  }),
  server: { callbacks: { secret: { env: 'CALLBACKS' } } },
  sessions: { allow: ['*'] },
}
const configured = {
  ...document,
  webhooks: { ...document.webhooks, secret: { env: 'SHARED' } },
}

/** Names and values of what a program printed with `env`. */
const variablesOf = (text: string): ReadonlyMap<string, string> =>
  new Map(text.split('\n').map((line) => [line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)]))

function assertClean(text: string): void {
  const seen = variablesOf(text)
  assert.ok(seen.has('PATH'), text)
  for (const name of secrets) assert.equal(seen.has(name), false, name)
  assert.doesNotMatch(text, new RegExp(`${strong}|${signing}`))
  const ours = [...seen.keys()].filter((name) => name.startsWith('POSTERN_'))
  for (const name of ours) assert.match(name, /^POSTERN_(?:HOME|SESSION|DELIVERY_ID|SELF|AGENT)$/)
}

describe("a hook's secret given as a variable", () => {
  it('is not in the environment of a command agent, nor after the file no longer names it', async () => {
    const home = await scratchHome()
    configure(home, configured)
    await addCommand(home, 'agent', 'env')
    const server = await serve(home, { env })
    const ask = async (bearer: string) => {
      const { body } = await post(
        `${server.url}/api/hooks/agent`,
        { session: 'agent', message: 'show it' },
        { authorization: `Bearer ${bearer}` },
      )
      return (await settled(home, server, body.deliveryId)).answer ?? ''
    }
    const first = await ask(env.SHARED ?? '')
    assertClean(first)
    assert.equal(variablesOf(first).get('EDITOR'), 'vi')
    configure(home, { ...hooks(), sessions: { allow: ['*'] } })
    await until('the file is read', () => /config\.reloaded/.test(server.stderr()) || undefined)
    assertClean(await ask('the-secret-of-these-tests-0123456789'))
    await server.stop()
  })

  it('is not in the environment of an agent of the service, nor is anything else undeclared', async () => {
    const home = await scratchHome()
    configure(home, configured)
    const args = ['session', 'add', 'agent', '--driver', 'command', '--set', 'env={"EDITOR":"ed"}']
    const added = await cli([...args, '--', 'sh', '-c', 'env'], { home })
    assert.equal(added.code, 0, added.stderr)
    const server = await serve(home, { env: { ...env, POSTERN_SERVICE: '1', DISPLAY: ':0', EDITOR: 'vi' } })
    const { body } = await post(
      `${server.url}/api/hooks/agent`,
      { session: 'agent', message: 'show it' },
      { authorization: `Bearer ${env.SHARED}` },
    )
    const answer = (await settled(home, server, body.deliveryId)).answer ?? ''
    assertClean(answer)
    const names = [...variablesOf(answer.trim()).keys()].filter(
      (name) => !/^(?:_|SHLVL|OLDPWD|POSTERN_.*)$/.test(name),
    )
    assert.deepEqual(names.sort(), ['EDITOR', 'HOME', 'LANG', 'PATH', 'PWD'])
    assert.equal(variablesOf(answer).get('EDITOR'), 'ed')
    await server.stop()
  })

  if (noTerminals === undefined) it('is not in the environment of what postern run starts', testTerminal)
})

describe('the variables of the allocator that a server gives itself', () => {
  const ofAllocator = (text: string) =>
    text.split(/[\0\n]/).filter((variable) => variable.startsWith('MIMALLOC_'))
  const seenWith = async (env: Readonly<Record<string, string>>) => {
    const home = await scratchHome()
    configure(home, { ...hooks(), sessions: { allow: ['*'] } })
    await addCommand(home, 'agent', 'env')
    const server = await serve(home, { env })
    const its = readFileSync(`/proc/${server.pid}/environ`, 'utf8')
    const { body } = await post(`${server.url}/api/hooks/agent`, { session: 'agent', message: 'show it' })
    const { answer } = await settled(home, server, body.deliveryId)
    assert.equal(await server.stop(), 0)
    return { its: ofAllocator(its), ofAgent: ofAllocator(answer ?? '') }
  }

  it('are in the environment of the process that was started, and of no agent', async () => {
    const { its, ofAgent } = await seenWith({})
    assert.deepEqual(its, ofAllocatorGiven)
    assert.deepEqual(ofAgent, [])
  })

  it("leave the user's own as they are, for the server and its agents", async () => {
    const own = 'MIMALLOC_PURGE_DELAY=50'
    const { its, ofAgent } = await seenWith({ MIMALLOC_PURGE_DELAY: '50' })
    assert.deepEqual({ its, ofAgent }, { its: [own], ofAgent: [own] })
  })
})

async function testTerminal(): Promise<void> {
  const home = await scratchHome()
  configure(home, configured)
  const seen = `${home}.env`
  const script = `tr '\\0' '\\n' < /proc/$PPID/environ > ${seen}.holder; env > ${seen}; sleep 60`
  const run = await cli(['run', '--session', 'build', '--detach', '--', 'sh', '-c', script], {
    home,
    env: { ...env, POSTERN_ADMIN_TOKEN: signing },
  })
  assert.equal(run.code, 0, run.stderr)
  for (const path of [seen, `${seen}.holder`]) {
    const text = await until(path, () => {
      try {
        return readFileSync(path, 'utf8') || undefined
      } catch {
        return undefined
      }
    })
    assertClean(text)
  }
  await cli(['session', 'end', 'build'], { home })
}
