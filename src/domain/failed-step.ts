import type { FailedStep } from './delivery.ts'

/** Every step at which a delivery can fail, in words of people. */
export const failedStepWords: Readonly<Record<FailedStep, string>> = {
  template: 'template',
  skill: 'skill',
  session_ended: 'session ended',
  turn: 'turn failed',
  callback: 'callback not told',
  expired: 'waited too long',
  attempts: 'every attempt failed',
  revoked: 'grant revoked',
  restored: 'in a restored backup',
  cancelled: 'cancelled by hand',
}

export const failedSteps = Object.keys(failedStepWords) as readonly FailedStep[]

export const isFailedStep = (text: string): text is FailedStep => Object.hasOwn(failedStepWords, text)
