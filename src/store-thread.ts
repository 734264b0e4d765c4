import { choosePlatform } from './platform/choose.ts'
import { openSteadyClock } from './store/steady-clock.ts'
import { serveThread } from './store/threads/serve.ts'

// Where a thread of the store begins, as `main.ts` is where the program does.

const now = Date.now

choosePlatform().then((platform) => serveThread({ platform, now, steady: openSteadyClock({ now }) }))
