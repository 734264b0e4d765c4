import { type Decision, isOpen, whatHappened } from '../domain/decision.ts'
import { iso } from '../manage/views.ts'
import { barePage, bareStyleSource } from './bare-page.ts'
import { escapeHtml } from './dashboard/escape.ts'

/** What a person with a decision's link sees. `proof`: what the form of the page must send back. */
export function decidePage(decision: Decision, proof: string): string {
  const { session, request, expiresAt, openedAt } = decision
  const asked = `
<p class="who">The agent of session <strong>${escapeHtml(session)}</strong> asks:</p>
<h1>${escapeHtml(request.title)}</h1>
<pre tabindex="0" aria-label="Exactly what is asked">${escapeHtml(request.detail)}</pre>
<p class="when">Asked ${time(openedAt)}${isOpen(decision) ? `, to be decided until ${time(expiresAt)}` : ''}.</p>`
  return barePage(
    request.title,
    isOpen(decision) ? `${asked}${formOf(decision, proof)}` : `${asked}${outcomeOf(decision)}`,
  )
}

/** What became of it, once somebody has decided. */
export const decidedPage = (decision: Decision): string => decidePage(decision, '')

/** A refusal, in the words of its problem document. */
export const decideProblem = (title: string, detail: string): string =>
  barePage(title, `<h1>${escapeHtml(title)}</h1>\n<p>${escapeHtml(detail)}</p>`)

function formOf(decision: Decision, proof: string): string {
  if (decision.state === 'deciding') return outcomeOf(decision)
  return `
<form method="post">
<input type="hidden" name="proof" value="${escapeHtml(proof)}">
<button class="deny" name="verdict" value="deny">Deny</button>
<button class="allow" name="verdict" value="allow">Allow this once</button>
</form>
<p class="hint">Opening this page has decided nothing. Whoever has its address can decide.</p>`
}

const outcomeOf = (decision: Decision): string =>
  `\n<p class="told ${decision.state}" role="status">${escapeHtml(whatHappened(decision))}</p>`

const time = (at: number): string =>
  `<time datetime="${iso(at)}">${iso(at).slice(0, 16).replace('T', ' ')} UTC</time>`

/** Nothing runs, nothing is fetched, and the form goes nowhere else. */
export const decideHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': [
    "default-src 'none'",
    bareStyleSource,
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; '),
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'x-robots-tag': 'noindex',
  'cross-origin-opener-policy': 'same-origin',
}
