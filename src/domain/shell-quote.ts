/** One argument for a POSIX shell, in quotes only where it needs them. */
export const shellQuoted = (argument: string): string =>
  /^[\w@%+=:,./-]+$/.test(argument) ? argument : inShellQuotes(argument)

/** One argument for a POSIX shell, always in quotes. */
export const inShellQuotes = (argument: string): string => `'${argument.replaceAll("'", `'\\''`)}'`
