import type { DeliveryId } from '../../../src/domain/delivery.ts'
import type { Session } from '../../../src/domain/session.ts'
import { commandDriver } from '../../../src/drivers/command/driver.ts'

// A server in the middle of a delivery, to be killed: session and run directory are its arguments.
const [sessionText = '', runDir = '', deliveryId = '', text = ''] = process.argv.slice(2)
const session = JSON.parse(sessionText) as Session
const tools = { runDir, now: Date.now, log: () => {}, remember: async () => {} }
const driver = commandDriver({ env: process.env, skillDirs: () => [] })
const message = { deliveryId: deliveryId as DeliveryId, text }
await driver.connect(session, tools).inject(message, AbortSignal.timeout(60_000))
