/** The letter of each flag that has one, the same in every command. Where two share a letter, no command has both. */
const letters: Readonly<Record<string, string>> = {
  all: 'a',
  detach: 'd',
  follow: 'f',
  grant: 'g',
  header: 'H',
  help: 'h',
  hook: 'k',
  json: 'j',
  label: 'l',
  limit: 'n',
  lines: 'n',
  port: 'p',
  quiet: 'q',
  session: 's',
  ttl: 't',
  verb: 'v',
  version: 'V',
  wait: 'w',
  yes: 'y',
}

/** For example `q` of `quiet`; undefined for a flag that has only its name. */
export const letterOf = (flag: string): string | undefined =>
  Object.hasOwn(letters, flag) ? letters[flag] : undefined

/** For example `-q, --quiet` or `--driver`. */
export function spelledFlag(flag: string): string {
  const letter = letterOf(flag)
  return letter === undefined ? `--${flag}` : `-${letter}, --${flag}`
}
