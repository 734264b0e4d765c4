import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loadConfig } from '../../src/config/load.ts'
import { homeAt } from '../../src/domain/home.ts'

const strong = 'x7Kq2mVb9RtYw4Lp'
const weak = [
  'aaaaaaaaaaaaaaab',
  'abcdefghijklmnopqrstuvwxyz',
  'changemechangeme',
  'Passw0rd-Passw0rd',
  '1234567890123456',
]

const load = (document: object, env: Readonly<Record<string, string>> = {}) =>
  loadConfig({ home: homeAt('/h'), env, flags: {}, read: async () => JSON.stringify(document) })

type Place = (secret: unknown) => object
const hook = (more: object): object => ({
  webhooks: { enabled: true, secret: strong, hooks: { h: { messageTemplate: 'x', ...more } } },
})

/** Wherever the operator chooses a secret. */
const places: Readonly<Record<string, Place>> = {
  'webhooks.secret': (secret) => ({ webhooks: { enabled: true, secret } }),
  'server.callbacks.secret': (secret) => ({ server: { callbacks: { secret } } }),
  'webhooks.hooks.h.secret': (secret) => hook({ secret }),
  'webhooks.hooks.h.verify.secret': (secret) => hook({ verify: { scheme: 'hmac', header: 'x-s', secret } }),
  'webhooks.hooks.h.verify.secret ': (secret) =>
    hook({ verify: { scheme: 'basic', username: 'ops', secret } }),
}

describe('a secret that can be guessed', () => {
  for (const [path, place] of Object.entries(places)) {
    it(`is refused at ${path}, with what mends it`, async () => {
      for (const secret of [...weak, ...weak.map((one) => one.toUpperCase())])
        for (const written of [secret, [strong, secret]])
          await assert.rejects(load(place(written)), ({ message }: Error) => {
            assert.ok(message.includes(`${path.trim()}: must`), message)
            assert.match(message, /`postern secret` makes one/)
            assert.ok(!message.includes(secret), 'it is not repeated')
            return true
          })
    })

    it(`is refused at ${path} from a variable, too, and a strong one taken`, async () => {
      await assert.rejects(load(place({ env: 'S' }), { S: 'changemechangeme' }), /`postern secret`/)
      await load(place({ env: 'S' }), { S: strong })
    })
  }

  it("is taken where it is the sender's own, with a warning", async () => {
    for (const scheme of ['slack', 'dropbox', 'twitch', 'stripe'])
      for (const secret of ['aaaaaaaaab', 'whsec_AAAA']) {
        const { warnings } = await load(hook({ verify: { scheme, secret } }))
        assert.match(
          warnings.join(' '),
          /verify\.secret must have 8 different .* let its sender make another/,
        )
        assert.ok(!warnings.join(' ').includes(secret), 'it is not repeated')
      }
    const { warnings } = await load(hook({ verify: { scheme: 'dropbox', secret: 'x7kq2mvb9rtyw4l' } }))
    assert.deepEqual(warnings, [])
  })
})

describe("a sender's own secret that is nothing but its prefix", () => {
  for (const [scheme, secret] of [
    ['stripe', 'whsec_'],
    ['linear', 'lin_wh_'],
  ] as const)
    it(`is refused: ${secret}`, async () => {
      await assert.rejects(load(hook({ verify: { scheme, secret } })), /verify\.secret: is a placeholder/)
      await load(hook({ verify: { scheme, secret: `${secret}x7Kq2mVb9Rt` } }))
    })
})

describe('a secret in a file that cannot be read', () => {
  const read = async (path: string) => {
    if (path.endsWith('webhooks.json')) return JSON.stringify(document)
    throw new Error(`${path} cannot be read: EISDIR`)
  }
  const document = hook({ verify: { scheme: 'github', secret: [strong, { file: '.' }] } })

  it('is named by its place in the configuration', async () => {
    await assert.rejects(
      loadConfig({ home: homeAt('/h'), env: {}, flags: {}, read }),
      /webhooks\.hooks\.h\.verify\.secret\[1\]: .*cannot be read: EISDIR/,
    )
  })
})
