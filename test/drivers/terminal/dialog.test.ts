import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dialogOn, showsStopHint } from '../../../src/drivers/terminal/dialog.ts'
import { screenOf } from '../../support/program.ts'

describe('dialogOn', () => {
  const dialogs: Readonly<Record<string, readonly string[]>> = {
    'a permission menu': ['Do you want to proceed?', '❯ 1. Yes', '  2. No', 'Esc to cancel'],
    'a menu in a box': [
      '│ Allow execution? │',
      '│ ● 1. Yes, allow once │',
      '│   2. No, suggest changes (esc) │',
    ],
    'a menu on its second choice': ['Allow command?', '  1. Yes, proceed', '▶ 2. No, tell it what to do'],
    'buttons side by side': [
      '┃  △ Permission required',
      '┃  $ touch x',
      '┃   Allow once   Allow always   Reject        ⇆ select  enter confirm',
    ],
    'a trust screen': ['Do you trust the files in this folder?', '› 1. Yes, continue', '  2. No, quit'],
    'a choice without numbers': [
      ' ❯ No, exit',
      '   Yes, I trust this folder',
      '',
      ' Enter to confirm · Esc to cancel',
    ],
    'keys that say what they do': [
      ' The check of auto mode is not getting through.',
      ' Enter to stay in auto mode · shift+Tab to leave for accept edits mode and stop · Esc to cancel',
    ],
    'a yes or no': ['Proceed? [Y/n]'],
    'a host key': ['Are you sure you want to continue connecting (yes/no/[fingerprint])?'],
    'a password': ['[sudo] password for kim:'],
    'a passphrase': ["Enter passphrase for key '/home/kim/.ssh/id':"],
    'a pager': ['text', '--More--(12%)'],
    'the end of a manual': ['text', '(END)'],
    'press enter': ['Press Enter to continue'],
  }
  for (const [title, lines] of Object.entries(dialogs))
    it(`sees ${title}`, () => assert.notEqual(dialogOn(screenOf(['some output', ...lines, ''])), undefined))

  const asked: readonly (readonly [string, string, readonly string[]])[] = [
    [
      'a permission of Claude Code',
      'a decision: Bash command / touch /tmp/x / Create the file / Do you want to proceed?',
      [
        ...[
          '● Bash(touch /tmp/x)',
          '────────────────────',
          ' Bash command',
          '',
          '   touch /tmp/x',
          '   Create the file',
        ],
        ...['', ' Do you want to proceed?', ' ❯ 1. Yes', '   2. No', ' Esc to cancel · Tab to amend'],
      ],
    ],
    [
      'an approval of codex, which is no pager',
      'a decision: Would you like to run the following command? / $ touch /tmp/x',
      [
        ...[
          '────────────────────',
          '  Would you like to run the following command?',
          '',
          '  $ touch /tmp/x',
          '',
        ],
        ...['› 1. Yes, proceed (y)', '  2. No, and tell Codex what to do differently (esc)'],
        ...['', '  Press enter to confirm or esc to cancel'],
      ],
    ],
    [
      'the trust dialog of pi, which is no draft',
      'a decision: Trust project folder? / /src/app / This allows pi to load .pi settings.',
      [
        ...[
          '────────────────────',
          ' Trust project folder?',
          ' /src/app',
          ' This allows pi to load .pi settings.',
        ],
        ...[' → Trust', '   Trust parent folder (/src)', '   Do not trust'],
        ...[' ↑↓ navigate  enter select  escape/ctrl+c cancel', '────────────────────'],
      ],
    ],
    [
      'a permission of opencode',
      'a decision: △ Permission required / $ touch x',
      [
        ...['┃  △ Permission required', '┃  $ touch x'],
        '┃   Allow once   Allow always   Reject        ⇆ select  enter confirm',
      ],
    ],
    ['a question', 'an answer: Proceed? [Y/n]', ['Proceed? [Y/n]']],
    ['a password', 'a password', ['[sudo] password for kim:']],
    ['a pager', 'a key at its pager', ['Press Enter to continue']],
  ]
  for (const [title, asks, lines] of asked)
    it(`tells what is asked by ${title}`, () => assert.equal(dialogOn(screenOf(lines)), asks))

  const others: Readonly<Record<string, readonly string[]>> = {
    'an empty screen': [],
    'an input box': ['──────', '> Type your message', '? for shortcuts'],
    'a numbered list that was sent': ['> 1. Fix it, yes', '  2. No new files', '• done', '> '],
    'a list in an answer': ['1. Yes, it works', '2. No, it does not', '> '],
    'a question in a text': ['Is this ok (y/n)? he asked', '> '],
    'a shell prompt': ['user@host:~$'],
    'a menu answered long ago': [
      '❯ 1. Yes',
      '  2. No',
      ...Array.from({ length: 20 }, (_, i) => `output ${i}`),
    ],
  }
  for (const [title, lines] of Object.entries(others))
    it(`sees none in ${title}`, () => assert.equal(dialogOn(screenOf(lines)), undefined))

  const menu = 'Are you sure?\n❯ 1. Yes\n  2. No (esc)'
  const tips = ['Tips:', '3. Ask questions', '4. Be specific']
  const typed = ['────────────', ' > Are you sure?', '   ❯ 1. Yes', '     2. No (esc)', '────────────']

  it("takes a menu that we typed for ours, below an agent's list of tips", () =>
    assert.equal(dialogOn(screenOf([...tips, '', ...typed, 'model'], { own: [menu] })), undefined))

  it('takes a menu of which we typed one choice for that of the agent', () =>
    assert.notEqual(
      dialogOn(screenOf(['Are you sure?', '❯ 1. Yes', '  2. No, wait'], { own: ['1. Yes'] })),
      undefined,
    ))

  it('takes a terminal that shows no keys for a secret', () => {
    assert.notEqual(dialogOn(screenOf([], { cooked: true, echo: false })), undefined)
    assert.equal(dialogOn(screenOf([], { cooked: true, echo: true })), undefined)
  })
})

describe('saysItWorks', () => {
  const shown: readonly (readonly [string, boolean])[] = [
    ['✻ Thinking… (esc to interrupt)', true],
    ['• Working (12s • esc to interrupt)', true],
    ['⠏ Reading the files (esc to cancel, 3s)', true],
    ['   ⬝⬝⬝⬝⬝⬝⬝⬝  esc interrupt          tab agents  ctrl+p commands', true],
    [' escape interrupt · ctrl+c/ctrl+d clear/exit · / commands', false],
    ['press esc to cancel it, then begin again', false],
    ['? for shortcuts', false],
  ]
  for (const [line, works] of shown)
    it(`${works} for ${line.trim()}`, () => {
      assert.equal(
        showsStopHint(screenOf(['an answer', line, '────────', '> ', '────────', 'model 1'])),
        works,
      )
    })

  it('false for what stands far above', () => {
    const below = Array.from({ length: 9 }, (_, i) => `line ${i}`)
    assert.equal(showsStopHint(screenOf(['• Working (esc to interrupt)', ...below])), false)
  })
})
