import { oneLine } from '../../domain/one-line.ts'
import { type Json, textAt } from '../json.ts'

const maxQuestion = 200

/** What a person is asked for whose agent wants an answer in words, or a choice: `an answer: Which colour?`. */
export const answerTo = (question: string | undefined): string =>
  question === undefined ? 'an answer to its question' : `an answer: ${oneLine(question, maxQuestion)}`

/** The same of several questions at once, as Claude Code, codex and opencode list them: `[{question}]`. */
export function answersTo(questions: Json | undefined): string {
  const all: readonly Json[] = Array.isArray(questions) ? questions : []
  const asked = answerTo(textAt(all[0], 'question'))
  return all.length > 1 ? `${asked} (and ${all.length - 1} more)` : asked
}
