import { oneLine } from '../../domain/one-line.ts'
import type { QuestionDecision } from '../agent-process/questions.ts'
import { answersTo, answerTo } from '../agents/asked-question.ts'
import { isObject, type Json, type JsonObject, textAt } from '../json.ts'

/** Something that codex asks a person before it does it. */
interface Approval {
  /** For people: a command line, else why it asks, else what it asks for; on one line and cut. */
  readonly name: string
  /** The same with what kind of answer it wants: `permission: touch x`, `an answer: Which colour?`. */
  readonly asks: string
  /** The same as codex sent it: what a configuration may name. Two that differ may have one `name`. */
  readonly whole: string
  /** Undefined where only a person can tell what it is worth. */
  readonly kind: 'execute' | 'edit' | 'fetch' | undefined
  readonly decisions: Json | undefined
}

const maxName = 200

/** Undefined for a request that is no question to a person. */
export function approvalOf(method: string, params: JsonObject): Approval | undefined {
  const what = questions[method]
  if (what === undefined) return undefined
  const whole = textAt(params, 'command') ?? textAt(params, 'reason') ?? what
  const name = oneLine(whole, maxName)
  return {
    name,
    asks: answers[method]?.(params) ?? `permission: ${name}`,
    whole,
    kind: kindOf(method, params),
    decisions: params.availableDecisions,
  }
}

const questions: Readonly<Record<string, string>> = {
  'item/commandExecution/requestApproval': 'a command',
  'item/fileChange/requestApproval': 'a change of files',
  'item/permissions/requestApproval': 'more permissions',
  'item/tool/requestUserInput': 'an answer',
  'mcpServer/elicitation/request': 'an answer',
}

/** Requests that no yes and no answers. */
const answers: Readonly<Record<string, (params: JsonObject) => string>> = {
  'item/tool/requestUserInput': ({ questions: asked }) => answersTo(asked),
  'mcpServer/elicitation/request': (params) => answerTo(textAt(params, 'message')),
}

/** What would allow more than this one call, or types into something that runs, has no kind. */
function kindOf(method: string, params: JsonObject): Approval['kind'] {
  if (method === 'item/fileChange/requestApproval') return textAt(params, 'grantRoot') ? undefined : 'edit'
  if (method !== 'item/commandExecution/requestApproval') return undefined
  if (isObject(params.additionalPermissions) || (params.kind ?? 'command') !== 'command') return undefined
  return isObject(params.networkApprovalContext) ? 'fetch' : 'execute'
}

/** The answer that allows this one call, when the session's configuration names it. */
export function allowed(
  { whole, kind, decisions }: Approval,
  permissions: readonly string[],
): Json | undefined {
  if (kind === undefined) return undefined
  if (!permissions.some((allowing) => allowing === kind || allowing === whole)) return undefined
  return Array.isArray(decisions) && !decisions.includes('accept') ? undefined : { decision: 'accept' }
}

/**
 * What a person may decide on from afar: this one call. Undefined for what cannot be told whole, or would allow more. `items`: of that
 * conversation.
 */
export function decisionOn(
  requestId: Json,
  { name, kind, decisions }: Approval,
  params: JsonObject,
  items: Items,
  answer: (answer: Json) => void,
): QuestionDecision | undefined {
  const offered: readonly Json[] = Array.isArray(decisions) ? decisions : ['accept', 'decline']
  const no = ['decline', 'cancel'].find((decision) => offered.includes(decision))
  if (kind === undefined || no === undefined || !offered.includes('accept')) return undefined
  const itemId = textAt(params, 'itemId') ?? ''
  const changes = kind === 'edit' ? items.changes(itemId) : undefined
  if (kind === 'edit' && changes === undefined) return undefined
  const about = { ...params, ...(changes !== undefined && { changes }) }
  return {
    request: {
      id: `${requestId} ${itemId}`,
      kind: 'permission',
      title: name,
      detail: JSON.stringify(about, null, 2),
    },
    allow: () => answer({ decision: 'accept' }),
    deny: () => answer({ decision: no }),
  }
}

/** What the items of a turn would change: a request for approval names its item alone. */
export interface Items {
  note(method: string, params: JsonObject): void
  changes(itemId: string): Json | undefined
}

const mostItems = 16

export function createItems(): Items {
  const all = new Map<string, Json>()
  return {
    note: (method, { item }) => {
      if (method !== 'item/started' || !isObject(item) || item.type !== 'fileChange') return
      all.set(textAt(item, 'id') ?? '', item.changes ?? null)
      const oldest = all.size > mostItems ? all.keys().next().value : undefined
      if (oldest !== undefined) all.delete(oldest)
    },
    changes: (itemId) => all.get(itemId),
  }
}
