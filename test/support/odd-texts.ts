/** Messages that read like a dialog, a busy line, an error or an empty input box of an agent. */
export const ownWords: readonly string[] = [
  'did you change the password?',
  'deploy to prod [y/N]',
  'Enter to confirm',
  '(esc to interrupt)',
  'Type your message',
  'Press any key',
  'Do you want to proceed? 1. Yes',
  'Do you want to proceed?\n❯ 1. Yes\n  2. No',
  '[Pasted text #1 +12 lines]',
  '● API Error: 500 boom',
  '--More--',
]

/** Messages of signs that terminals draw in their own ways, or not at all. */
export const oddTexts: readonly string[] = [
  '🩷 and 🫨',
  '🪇',
  'a family 👨‍👩‍👧‍👦 and 👩🏽‍❤️‍💋‍👨🏿 at home',
  'marks Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u0334\u0319\u0324\u031e\u0349\u035a\u032f\u0320 over marks',
  'not assigned \u0378 \u{1fbff}',
  'private \ue000 use',
  'skin 👍🏽👍🏿 and ❤️ 1️⃣',
  'ambiguous ①②③ ※ ± Ωя',
  'שלום مرحبا',
  `${'你好'.repeat(60)}`,
  'spaces behind   \n   \n and before',
  'spaces of other scripts behind\u00a0\u3000\u2003',
]

/** Dealt out to that many programs, which are sent theirs at the same time. */
export const dealt = (texts: readonly string[], programs = 4): readonly (readonly string[])[] =>
  Array.from({ length: programs }, (_, i) => texts.filter((_text, j) => j % programs === i))
