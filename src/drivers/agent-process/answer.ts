/** The text of an agent during a turn, from the beginning and up to a bound. */
export interface Answer {
  add(text: string): void
  /** Something else happened; the next text begins on a new line. */
  pause(): void
  text(): string
}

const maxAnswerBytes = 65_536

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
    text: () => capped(parts.join('').trimEnd()),
  }
}

/** `{ answer }`, or nothing where the agent gave none. */
export const withAnswer = (answer: string): { readonly answer?: string } => (answer === '' ? {} : { answer })

function capped(text: string): string {
  const bytes = new TextEncoder().encode(text)
  // `stream` leaves out a character that was cut in two.
  return new TextDecoder().decode(bytes.subarray(0, maxAnswerBytes), { stream: true })
}
