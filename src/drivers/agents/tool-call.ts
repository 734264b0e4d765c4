import { oneLine } from '../../domain/one-line.ts'
import { isObject, type Json, type JsonObject, textAt } from '../json.ts'
import { answersTo } from './asked-question.ts'

/** What a call of a tool is about, for people and on one line: `Bash: rm -rf build`. `input` is as the agent gave it. */
export function titleOfCall(tool: string, input: JsonObject): string {
  const about = subjects.map((name) => textAt(input, name)).find((text) => text !== undefined)
  return oneLine(about === undefined ? tool : `${tool}: ${about}`, maxTitle)
}

/** Of the tools of Claude Code and codex; the first one that is there says most. */
const subjects = ['command', 'file_path', 'notebook_path', 'path', 'url', 'query', 'pattern', 'description']

const maxTitle = 200

/** What a call of Claude Code's own tool for questions asks a person to answer; undefined for every other tool. */
export const questionIn = (tool: string, input: Json | undefined): string | undefined =>
  tool === 'AskUserQuestion' ? answersTo(isObject(input) ? input.questions : undefined) : undefined
