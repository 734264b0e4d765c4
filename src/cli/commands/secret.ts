import { Buffer } from 'node:buffer'
import type { Command } from '../command.ts'

const secretBytes = 32

export const secret: Command = {
  name: 'secret',
  summary: 'Print a fresh random secret, for the configuration or a provider.',
  examples: ['postern secret', 'WEBHOOK_SECRET=$(postern secret)'],
  run: async (call) => {
    const secret = Buffer.from(call.io.random(secretBytes)).toString('base64url')
    if (call.json) call.out.json({ secret })
    else call.out.line(secret)
  },
}
