import { execFile } from 'node:child_process'

export interface LineMode {
  /** The kernel collects lines for the program (ICANON). */
  readonly cooked: boolean
  /** The kernel shows what is typed (ECHO). */
  readonly echo: boolean
}

const deadlineMs = 1000

/** How a terminal handles its input now; undefined when it cannot be asked. */
export function lineMode(tty: string): Promise<LineMode | undefined> {
  const device = process.platform === 'linux' ? '-F' : '-f'
  const options = {
    timeout: deadlineMs,
    killSignal: 'SIGKILL',
    env: { ...process.env, LC_ALL: 'C' },
  } as const
  return new Promise((resolve) => {
    execFile('stty', [device, tty, '-a'], options, (error, stdout) => {
      const has = (flag: string) => new RegExp(`(?:^|\\s)${flag}(?:;|\\s|$)`).test(stdout)
      resolve(error ? undefined : { cooked: has('icanon'), echo: has('echo') })
    })
  })
}
