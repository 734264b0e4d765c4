import assert from 'node:assert/strict'
import { appendFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { before, describe, it } from 'node:test'
import type { ShownDecision } from '../support/asking.ts'
import { cli, scratchHome } from '../support/binary.ts'
import { until } from '../support/hooks.ts'

const input = { command: 'touch x' }
const row = (value: object) => `${JSON.stringify(value)}\n`
const result = row({ message: { content: [{ type: 'tool_result', tool_use_id: 't1' }] } })
const noted = row({ attachment: { type: 'hook_permission_decision', decision: 'allow', toolUseID: 't1' } })

describe("a hook's word to Claude Code", () => {
  let home: string
  let transcript: string

  before(async () => {
    home = await scratchHome()
    const added = await cli(['session', 'add', 'desk', '--driver', 'command', '--decisions', '--', 'true'], {
      home,
    })
    assert.equal(added.code, 0, added.stderr)
    transcript = join(dirname(home), 't.jsonl')
  })

  /** A permission is allowed from afar; `then` is what the transcript says of it when the hook has ended. */
  const allow = async (then: string) => {
    const call = { type: 'tool_use', id: 't1', name: 'Bash', input }
    await writeFile(transcript, row({ message: { content: [call] } }))
    const event = { hook_event_name: 'PermissionRequest', session_id: 's', tool_name: 'Bash' }
    const payload = JSON.stringify({ ...event, transcript_path: transcript, tool_input: input })
    const relay = ['hook-relay', 'claude', '--session', 'desk', '--decide', '1m']
    const hook = cli(relay, { home, input: payload, env: { CLAUDE_CONFIG_DIR: dirname(home) } })
    const { id } = await until('it asks', async (): Promise<ShownDecision | undefined> => {
      return JSON.parse((await cli(['decide', 'ls', '--json'], { home })).stdout)[0]
    })
    const decided = cli(['decide', id, 'allow'], { home })
    const { stdout } = await hook
    assert.match(stdout, /"behavior":"allow"/)
    await appendFile(transcript, then)
    await decided
    return until('it is over', async () => {
      const all: readonly ShownDecision[] = JSON.parse(
        (await cli(['decide', 'ls', '--all', '--json'], { home })).stdout,
      )
      const one = all.find((each) => each.id === id)
      return one?.state === 'deciding' ? undefined : one
    })
  }

  it('counted, where the transcript notes it', async () => {
    const { state, door } = await allow(noted + result)
    assert.deepEqual([state, door], ['allowed', 'cli'])
  })

  it('came too late, where the call has its result without it', async () => {
    const { state, why } = await allow(result)
    assert.deepEqual([state, why], ['elsewhere', 'it was answered at the agent in the same moment'])
  })
})
