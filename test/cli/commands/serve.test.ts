import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cli, createWorld } from '../fake-io.ts'

describe('serve', () => {
  it('hands over its flags, paths made absolute', async () => {
    const world = createWorld()
    await cli(world, 'serve --host ::1 --port 0 --tls-cert c.pem --tls-key /k.pem'.split(' '))
    assert.deepEqual(world.requests[0]?.body, {
      host: '::1',
      port: 0,
      tlsCert: '/somewhere/c.pem',
      tlsKey: '/k.pem',
    })
  })

  it('hands hidden holder calls on as they are', async () => {
    assert.equal((await cli(createWorld(), ['__hold', '--x', 'y'])).code, 2)
  })
})

describe('dashboard', () => {
  it('prints the link and nothing else', async () => {
    const world = createWorld()
    world.answer = { status: 201, body: { url: 'http://127.0.0.1:7717/dashboard?link=x' } }
    assert.equal((await cli(world, ['dashboard'])).stdout, 'http://127.0.0.1:7717/dashboard?link=x\n')
  })
})
