import process from 'node:process'
import type { DeliveryId } from '../../../src/domain/delivery.ts'
import type { Session } from '../../../src/domain/session.ts'
import { acpDriver } from '../../../src/drivers/acp/driver.ts'
import { claudeDriver } from '../../../src/drivers/claude/driver.ts'
import { claudeStreamDriver } from '../../../src/drivers/claude-stream/driver.ts'
import { codexDriver } from '../../../src/drivers/codex/driver.ts'
import { piDriver } from '../../../src/drivers/pi/driver.ts'

// A server in the middle of a turn, to be killed: session, run directory, inject or turn, and the rest are its arguments.
const [sessionText = '', runDir = '', how = '', deliveryId = '', text = ''] = process.argv.slice(2)
const session = JSON.parse(sessionText) as Session
const tools = { runDir, now: Date.now, log: () => {}, remember: async () => {} }
const needs = { env: process.env, skillDirs: () => [] }
const makers = {
  acp: acpDriver,
  claude: claudeDriver,
  'claude-stream': claudeStreamDriver,
  codex: codexDriver,
  pi: piDriver,
}
const connection = makers[session.driver as keyof typeof makers](needs).connect(session, tools)
const message = { deliveryId: deliveryId as DeliveryId, text }
const signal = AbortSignal.timeout(60_000)
const say = () => process.stdout.write('accepted\n')
// It is killed before its store has kept that the turn began.
const accepted = () => new Promise<void>(() => void say())
if (how === 'turn') await connection.turn(message, signal, { accepted, progress: () => {} })
else await connection.inject(message, signal).then(say)
// The agent's pipes alone would not keep every runtime alive.
setInterval(() => {}, 1000)
