import { Buffer } from 'node:buffer'
import type { Call, Command } from '../command.ts'

export const secret: Command = {
  name: 'secret',
  summary: 'Print a fresh random secret, for the configuration or a provider.',
  examples: ['postern secret', 'WEBHOOK_SECRET=$(postern secret)'],
  run: runSecret,
}

const secretBytes = 32

async function runSecret(call: Call): Promise<void> {
  const secret = Buffer.from(call.io.random(secretBytes)).toString('base64url')
  if (call.json) call.out.json({ secret })
  else call.out.line(secret)
}
