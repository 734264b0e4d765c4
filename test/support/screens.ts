import type { Connection } from '../../src/domain/driver.ts'
import { type ScreenSnapshot, textOfScreen } from '../../src/domain/screen-snapshot.ts'

/** Somebody who looks at the screen of an agent. */
export interface Onlooker {
  readonly screens: readonly ScreenSnapshot[]
  /** The first screen from now on, or the one that is shown, that is so. */
  sees(holds: (screen: ScreenSnapshot) => boolean, what: string): Promise<ScreenSnapshot>
  /** Looks no more; why the reading ended. */
  leave(): Promise<string>
  /** Why there was nothing to see any more. */
  readonly over: Promise<string>
}

const patienceMs = 20_000

export function lookAtScreen(connection: Connection): Onlooker {
  const screens: ScreenSnapshot[] = []
  const leaving = new AbortController()
  let wake = () => {}
  const show = (screen: ScreenSnapshot) => {
    screens.push(screen)
    wake()
  }
  const over = connection.watchScreen?.(show, leaving.signal) ?? Promise.resolve('it has no screen')
  return {
    screens,
    over,
    leave: () => {
      leaving.abort()
      return over
    },
    sees: async (holds, what) => {
      for (const deadline = Date.now() + patienceMs; ; ) {
        const last = screens.at(-1)
        if (last && holds(last)) return last
        const left = deadline - Date.now()
        if (left <= 0) throw new Error(`never saw ${what}, but: ${last ? textOfScreen(last) : 'nothing'}`)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, left)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
    },
  }
}

export const shows =
  (text: string) =>
  (screen: ScreenSnapshot): boolean =>
    textOfScreen(screen).includes(text)
