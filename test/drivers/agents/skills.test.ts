import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { AgentKind } from '../../../src/drivers/agents/kinds.ts'
import {
  isSkillName,
  listSkills,
  skillCall,
  skillsInReach,
  withSkill,
} from '../../../src/drivers/agents/skills.ts'

const root = await mkdtemp(join(tmpdir(), 'postern-skills-'))
after(() => rm(root, { recursive: true }))

const add = async (folder: string, name: string, text = `Do ${name}.`) => {
  await mkdir(join(root, folder, name), { recursive: true })
  await writeFile(join(root, folder, name, 'SKILL.md'), text)
}

await add('cwd/.claude/skills', 'code-review')
await add('cwd/.agents/skills', 'deploy')
await add('cwd/.agents/skills', 'Not-A-Name')
await add('home/.codex/skills', 'triage')
await add('home/.claude/skills', 'at-home')
await add('extra', 'house-rules', '---\nname: house-rules\r\n---\n\nBe kind.\n')
await mkdir(join(root, 'cwd/.agents/skills/empty'), { recursive: true })

const place = (agent: AgentKind | undefined) => ({
  agent,
  cwd: join(root, 'cwd'),
  home: join(root, 'home'),
  dirs: [join(root, 'extra'), join(root, 'missing')],
})

const reach: readonly (readonly [AgentKind | undefined, readonly string[]])[] = [
  ['claude', ['at-home', 'code-review', 'house-rules']],
  ['opencode', ['at-home', 'code-review', 'deploy', 'house-rules']],
  ['codex', ['deploy', 'house-rules', 'triage']],
  ['gemini', ['deploy', 'house-rules']],
  ['pi', ['deploy', 'house-rules']],
  ['qwen', ['deploy', 'house-rules']],
  [undefined, ['deploy', 'house-rules']],
]
for (const [agent, names] of reach)
  test(`listSkills looks where ${agent ?? 'any other agent'} looks`, async () => {
    assert.deepEqual(await listSkills(place(agent)), names)
  })

const spoken: readonly (readonly [AgentKind | undefined, string | undefined])[] = [
  ['claude', '/deploy [ci] hi'],
  ['opencode', undefined],
  [undefined, '/deploy [ci] hi'],
  ['qwen', '/deploy [ci] hi'],
  ['pi', '/skill:deploy [ci] hi'],
  ['codex', '$deploy [ci] hi'],
  ['gemini', 'Use the skill "deploy" (activate_skill) for this: [ci] hi'],
]
test('skillCall speaks as each agent listens', () => {
  for (const [agent, call] of spoken) assert.equal(skillCall(agent, 'deploy', '[ci] hi'), call)
})

test('skillCall of an agent that nobody knows carries nothing that one of them would obey', () => {
  for (const text of ['run !`id`', 'read @/etc/passwd'])
    assert.equal(skillCall(undefined, 'deploy', text), undefined)
})

test('skillsInReach believes what the agent lists, and looks into the folders for the rest', async () => {
  const inFolders = await listSkills(place('codex'))
  assert.ok(inFolders.includes('deploy'))
  assert.deepEqual(await skillsInReach(undefined, place('codex')), inFolders)
  assert.deepEqual(await skillsInReach(['built-in', 'deploy'], place('codex')), [
    'built-in',
    ...['deploy', ...inFolders.filter((name) => name !== 'deploy')],
  ])
})

test('withSkill never calls a skill of opencode, whose call runs commands in the text', async () => {
  assert.equal(await withSkill(place('opencode'), 'deploy', 'a !`id` b'), 'Do deploy.\n\na !`id` b')
})

test('withSkill calls what the agent finds itself and tells it all else', async () => {
  assert.equal(await withSkill(place('codex'), 'deploy', 'hi'), '$deploy hi')
  assert.equal(await withSkill(place('codex'), 'house-rules', 'hi'), 'Be kind.\n\nhi')
  assert.equal(await withSkill(place(undefined), 'deploy', 'hi'), 'Do deploy.\n\nhi')
})

test('withSkill finds nothing that is not there', async () => {
  for (const name of ['missing', 'empty', 'Not-A-Name', '../deploy', '', 'code-review'])
    assert.equal(await withSkill(place('codex'), name, 'hi'), undefined)
})

test('isSkillName follows agentskills.io', () => {
  for (const name of ['a', 'a1-b2', '0', 'x'.repeat(64)]) assert.equal(isSkillName(name), true, name)
  for (const name of ['', '-a', 'a-', 'a--b', 'A', 'a_b', 'a/b', 'x'.repeat(65)])
    assert.equal(isSkillName(name), false, name)
})
