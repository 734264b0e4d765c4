import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { escapeMentions, hasMention } from '../../../src/drivers/agents/mentions.ts'

const cases: readonly (readonly [string, string])[] = [
  ['[ci] hello', '[ci] hello'],
  ['mail a@b.c', 'mail a@b.c'],
  ['[webhook] @/etc/passwd', '[webhook] \\@/etc/passwd'],
  ['see @/etc/passwd, please', 'see \\@/etc/passwd, please'],
  ['@notes.md and @src\n@src/deep', '\\@notes.md and \\@src\n\\@src/deep'],
  ['@notes.md#L1-2 @"a file" @~/home.txt.', '\\@notes.md#L1-2 \\@"a file" \\@~/home.txt.'],
  ['@Component({}) class', '@Component({}) class'],
  ['ask @alice', 'ask @alice '],
  ['@agent-explore look, @github:issue://1 too', '\\@agent-explore look, \\@github:issue://1 too'],
]

test('withoutMentions disarms what is there and leaves the rest as it is', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'postern-mentions-'))
  await mkdir(join(cwd, 'src/deep'), { recursive: true })
  for (const name of ['notes.md', 'a file', 'home.txt']) await writeFile(join(cwd, name), '')
  for (const [text, typed] of cases) {
    assert.equal(await escapeMentions({ agent: 'claude', cwd, home: cwd }, text), typed)
    assert.equal(await escapeMentions({ agent: undefined, cwd, home: cwd }, text), text)
    if (!hasMention(text)) assert.equal(typed, text)
  }
  for (const agent of ['gemini', 'qwen'] as const)
    assert.equal(
      await escapeMentions({ agent, cwd, home: cwd }, 'ask @alice, a@b.c or \\@bob @ noon @'),
      'ask \\@alice, a\\@b.c or \\@bob @ noon @',
    )
  const many = Array.from({ length: 101 }, (_, index) => `@n${index}`).join(' ')
  const typed = await escapeMentions({ agent: 'claude', cwd, home: cwd }, many)
  assert.equal(typed, many.replaceAll('@', '\\@'))
  await rm(cwd, { recursive: true })
})
