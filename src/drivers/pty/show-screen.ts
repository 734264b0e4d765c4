import { applied, type ScreenSnapshot } from '../../domain/screen-snapshot.ts'
import type { HolderClient } from './client.ts'

/** How long a holder may take to show anything at all. */
const firstMs = 3000

/** Shows what a holder sends in answer to `screen`, until `signal` aborts. Resolves with why it is over; undefined when it has hung up. */
export async function showScreen(
  client: HolderClient,
  show: (screen: ScreenSnapshot) => void,
  signal: AbortSignal,
): Promise<string | undefined> {
  let screen: ScreenSnapshot | undefined
  let patience = AbortSignal.any([signal, AbortSignal.timeout(firstMs)])
  for (;;) {
    const reply = await client.next(patience)
    if (reply === undefined) return undefined
    if (reply === 'aborted') return signal.aborted ? 'nobody looks' : tooOld
    if (reply.is === 'end') return 'its program has ended'
    if (reply.is !== 'screen') continue
    patience = signal
    screen = applied(screen, reply.change)
    show(screen)
  }
}

/** Holders outlive the version that started them. */
const tooOld = 'its terminal was started by an earlier version of postern, which could not show it'
