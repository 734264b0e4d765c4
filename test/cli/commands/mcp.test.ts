import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isRegisteredIn, registrations } from '../../../src/cli/commands/mcp-registration.ts'
import { Failure } from '../../../src/domain/error.ts'
import { cli, createWorld, type Facts } from '../fake-io.ts'

const printed = async (agent: string, ...more: readonly string[]) =>
  cli(createWorld(), ['mcp', '--print-config', agent, ...more])

describe('postern mcp', () => {
  it('serves the home that is chosen', async () => {
    const world = createWorld()
    const { code, stdout } = await cli(world, ['mcp', '--home', '/h'])
    assert.deepEqual([code, stdout], [0, ''])
    assert.deepEqual(world.requests, [{ method: 'mcp', path: '/h', body: undefined }])
  })

  const commands: readonly (readonly [string, string])[] = [
    ['claude', 'claude mcp add -s user postern -- /usr/bin/postern mcp'],
    ['codex', 'codex mcp add postern -- /usr/bin/postern mcp'],
    ['opencode', 'opencode mcp add postern -- /usr/bin/postern mcp'],
    ['gemini', 'gemini mcp add -s user postern /usr/bin/postern mcp'],
    ['qwen', 'qwen mcp add --scope user postern /usr/bin/postern mcp'],
    ['pi', 'pi mcp add postern --exposure direct -- /usr/bin/postern mcp'],
  ]
  for (const [agent, command] of commands)
    it(`--print-config ${agent} prints the command alone, and how to write it by hand beside it`, async () => {
      const { code, stdout, stderr } = await printed(agent)
      assert.deepEqual([code, stdout], [0, `${command}\n`])
      assert.match(stderr, /by hand:/)
      assert.ok(isRegisteredIn(stderr), stderr)
    })

  it('--print-config names a home that was chosen, quoted for a shell', async () => {
    const { stdout } = await printed('claude', '--home', '/a home')
    assert.equal(stdout, "claude mcp add -s user postern -- /usr/bin/postern mcp --home '/a home'\n")
  })

  it('--print-config --json has command, file and text', async () => {
    const { stdout } = await printed('codex', '--json')
    assert.deepEqual(JSON.parse(stdout), {
      agent: 'codex',
      command: ['codex', 'mcp', 'add', 'postern', '--', '/usr/bin/postern', 'mcp'],
      file: '~/.codex/config.toml',
      text: '[mcp_servers.postern]\ncommand = "/usr/bin/postern"\nargs = ["mcp"]\nenv_vars = ["POSTERN_SELF", "POSTERN_HOME"]',
    })
  })

  it('--print-config names the file where a variable of the agent says', async () => {
    const { stdout } = await cli(createWorld(), ['mcp', '--print-config', 'codex', '--json'], {
      env: { CODEX_HOME: '/elsewhere/codex' },
    })
    assert.equal(JSON.parse(stdout).file, '/elsewhere/codex/config.toml')
  })

  it('--print-config refuses an agent that is not known, with the nearest', async () => {
    const { code, stdout, stderr } = await printed('codx')
    assert.deepEqual([code, stdout], [2, ''])
    assert.match(stderr, /Did you mean codex\?/)
  })
})

describe('isRegisteredIn', () => {
  const server = ['/opt/postern', 'mcp']
  for (const [agent, { text }] of Object.entries(registrations))
    it(`knows what is written for ${agent}`, () => assert.ok(isRegisteredIn(text(server)), text(server)))

  it('knows no other server, and no other word of this program', () => {
    const others = [
      '{"mcpServers":{"postern":{"command":"/opt/other","args":["serve"]}}}',
      '{"permissions":{"allow":["Bash(postern wait)"]},"mcpServers":{"x":{"command":"/opt/x","args":["mcp"]}}}',
      '',
    ]
    for (const text of others) assert.equal(isRegisteredIn(text), false, text)
  })
})

describe("doctor, agents' tools", () => {
  const files = (texts: Readonly<Record<string, string>>): Facts => ({
    modeOf: async (path) => (/\.(claude|codex|gemini)$/.test(path) ? 0o40755 : undefined),
    read: async (path) => {
      const text = texts[path]
      if (text === undefined) throw new Failure('not_found', 'There is none.')
      return new TextEncoder().encode(text)
    },
  })
  const found = async (facts: Facts) => {
    const { stdout } = await cli(createWorld(), ['doctor', '--json'], facts)
    const all = JSON.parse(stdout) as { name: string; verdict: string; detail: string; fix: string | null }[]
    return all.filter(({ name }) => name === "agents' tools")
  }

  it('tells which agents have them, which lack them, and what adds them', async () => {
    const claude = registrations.claude?.text(['/opt/postern', 'mcp']) ?? ''
    const [has, lacks, ...more] = await found(files({ '/home/user/.claude.json': claude }))
    assert.deepEqual(more, [])
    assert.match(has?.detail ?? '', /^Claude Code: can ask/)
    assert.equal(has?.verdict, 'ok')
    assert.match(lacks?.detail ?? '', /^Codex, Gemini CLI: cannot ask/)
    assert.deepEqual([lacks?.verdict, lacks?.fix], ['note', 'postern mcp --print-config codex|gemini'])
  })

  it('looks where the variables of the agents say, and nowhere else then', async () => {
    const env = {
      ...{ CLAUDE_CONFIG_DIR: '/c', CODEX_HOME: '/co', XDG_CONFIG_HOME: '/x', GEMINI_CLI_HOME: '/g' },
      ...{ QWEN_HOME: '/q', PI_CODING_AGENT_DIR: '/p' },
    }
    const places = [
      '/c/.claude.json',
      '/co/config.toml',
      '/x/opencode/opencode.json',
      '/g/.gemini/settings.json',
    ]
    const moved = [...places, '/q/settings.json', '/p/mcp.json']
    const text = registrations.claude?.text(['/opt/postern', 'mcp']) ?? ''
    const texts = Object.fromEntries(moved.map((path) => [path, text]))
    const [has] = await found({ ...files(texts), env })
    assert.match(has?.detail ?? '', /^Claude Code, Codex, opencode, Gemini CLI, Qwen Code, pi: can ask/)
    const folders = ['/c', '/co', '/x/opencode', '/g/.gemini', '/q', '/p']
    const modeOf = async (path: string) => (folders.includes(path) ? 0o40755 : undefined)
    const usual = Object.values(registrations).flatMap(({ usual }) => usual.files)
    const stale = files(Object.fromEntries(usual.map((path) => [`/home/user/${path}`, text])))
    const [lacks, ...more] = await found({ ...stale, modeOf, env })
    assert.deepEqual(more, [])
    assert.match(lacks?.detail ?? '', /^Claude Code, Codex, opencode, Gemini CLI, Qwen Code, pi: cannot ask/)
  })

  it('says nothing where no agent was used', async () => {
    assert.deepEqual(await found({ modeOf: async () => undefined }), [])
  })
})
