export const maxAnswerBytes = 65_536

/** The beginning of an answer: as much of it as a delivery keeps. */
export function cutAnswer(answer: string): string {
  const bytes = new TextEncoder().encode(answer)
  // `stream` leaves out a character that was cut in two.
  return new TextDecoder().decode(bytes.subarray(0, maxAnswerBytes), { stream: true })
}
