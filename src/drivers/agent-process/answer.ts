import { cutAnswer, maxAnswerBytes } from '../answer.ts'

/** The text of an agent during a turn, from the beginning and up to a bound. */
export interface Answer {
  add(text: string): void
  /** Something else happened; the next text begins on a new line. */
  pause(): void
  text(): string
}

export function createAnswer(): Answer {
  const parts: string[] = []
  let [length, paused] = [0, false]
  return {
    add: (text) => {
      if (text === '' || length >= maxAnswerBytes) return
      const part = paused && length > 0 ? `\n${text}` : text
      paused = false
      parts.push(part)
      length += part.length
    },
    pause: () => {
      paused = true
    },
    text: () => cutAnswer(parts.join('').trimEnd()),
  }
}

/** `{ answer }`, or nothing where the agent gave none. */
export const withAnswer = (answer: string): { readonly answer?: string } => (answer === '' ? {} : { answer })
