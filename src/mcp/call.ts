import type { CallToolResult } from '@modelcontextprotocol/server'
import { Failure, reasonOf } from '../domain/error.ts'
import { suggestion } from '../domain/nearest.ts'
import type { AgentClient, ClientAnswer } from './agent-client.ts'
import { flawIn, givenOf } from './arguments.ts'
import type { CheckWatch } from './check-watch.ts'
import { type Arguments, type ToolRow, tools } from './tools.ts'

interface CallDeps {
  readonly client: AgentClient
  readonly checks: CheckWatch
}

/** Calls a tool by its name. Whatever goes wrong is a result for the model, with one next step. Never throws. */
export async function callTool(deps: CallDeps, name: string, given: Arguments): Promise<CallToolResult> {
  const tool = tools.find((one) => one.name === name)
  if (!tool) return failed(`There is no tool "${name}". ${suggestion(name, toolNames)}`)
  const args = givenOf(tool.inputSchema, given)
  const flaw = flawIn(tool.inputSchema, args)
  if (flaw !== undefined) return failed(`${flaw} Call ${name} again with that changed.`)
  try {
    return resultOf(deps, tool, await deps.client(tool.request(args)))
  } catch (thrown) {
    return failed(thrown instanceof Failure ? thrown.message : `It failed: ${reasonOf(thrown)}. ${again}`)
  }
}

const toolNames = tools.map(({ name }) => name)

function resultOf({ checks }: CallDeps, tool: ToolRow, { status, body }: ClientAnswer): CallToolResult {
  if (status < 200 || status > 299) return failed(refusalOf(tool, status, body))
  const notes = [tool.note, whereFrom(body), tool.name === 'check' ? checks(body) : undefined]
  const note = notes.filter((one) => one !== undefined).join(' ')
  const content = { ...(isObject(body) && body), ...(note !== '' && { note }) }
  return { content: [{ type: 'text', text: JSON.stringify(content) }], structuredContent: content }
}

const whereFrom = (body: unknown): string | undefined =>
  isObject(body) && body.reachable === 'local'
    ? 'The URL is reachable from this machine only: whoever is elsewhere cannot use it.'
    : undefined

/** The sentence of the problem document, and what to do. */
function refusalOf({ otherwise }: ToolRow, status: number, body: unknown): string {
  const detail =
    isObject(body) && typeof body.detail === 'string' ? body.detail : `It was refused (${status}).`
  return `${detail} ${status >= 500 ? again : otherwise}`
}

const again = 'Try once more; if it fails again, tell the person and go on without it.'

const failed = (text: string): CallToolResult => ({ content: [{ type: 'text', text }], isError: true })

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
