const prefix = '[webhook] '

/**
 * The message, behind a prefix that is harmless in all agents when it begins, after spaces and what nobody sees, with a
 * character that agents obey as a command. One that is nothing but `?help`, `&x` or `:q` is a word as long as no input
 * box takes it: `guardTyped` is for those.
 */
export function guardCommand(message: string): string {
  const seen = message.replace(unseenStart, '')
  return isCommand.test(seen) || (isHalfCommand.test(seen) && !isOneWord(seen)) ? prefix + message : message
}

/**
 * The same for a text on its way into an input box, which obeys bare words too: `exit` and `quit` end an agent, and
 * each learns others. So every message that is a single word gets the prefix.
 */
export function guardTyped(message: string): string {
  const seen = message.replace(unseenStart, '')
  return isCommand.test(seen) || isHalfCommand.test(seen) || isOneWord(seen) ? prefix + message : message
}

// Wide and small forms of the signs count: some input boxes take what an East Asian keyboard writes.
const isCommand = /^[!/#@$\uff01\uff0f\uff03\uff20\uff04\ufe57\ufe5f\ufe6b\ufe69\u203c]/
const isHalfCommand = /^[?&:\uff1f\uff06\uff1a\ufe56\ufe60\ufe55\u2047-\u2049]/

/** Spaces, and what a terminal or an agent drops or draws nothing for: invisible, unassigned, private and combining signs. */
const unseenStart = /^[\s\p{Z}\p{C}\p{M}\p{Default_Ignorable_Code_Point}\u2800]+/u
const unseenRest = /^[\s\p{Z}\p{C}\p{M}\p{Default_Ignorable_Code_Point}\u2800]*$/u

/** `seen` does not begin with a space. */
function isOneWord(seen: string): boolean {
  if (seen === '') return false
  const gap = seen.search(/[\s\u2800]/)
  return gap < 0 || unseenRest.test(seen.slice(gap))
}
