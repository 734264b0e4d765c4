import { createHash } from 'node:crypto'
import { type Decision, isOpen, whatHappened } from '../domain/decision.ts'
import { iso } from '../manage/views.ts'
import { escapeHtml } from './dashboard/escape.ts'

/** What a person with a decision's link sees. `proof`: what the form of the page must send back. */
export function decidePage(decision: Decision, proof: string): string {
  const { session, request, expiresAt, openedAt } = decision
  const asked = `
<p class="who">The agent of session <strong>${escapeHtml(session)}</strong> asks:</p>
<h1>${escapeHtml(request.title)}</h1>
<pre tabindex="0" aria-label="Exactly what is asked">${escapeHtml(request.detail)}</pre>
<p class="when">Asked ${time(openedAt)}${isOpen(decision) ? `, to be decided until ${time(expiresAt)}` : ''}.</p>`
  return pageOf(
    request.title,
    isOpen(decision) ? `${asked}${formOf(decision, proof)}` : `${asked}${outcomeOf(decision)}`,
  )
}

/** What became of it, once somebody has decided. */
export const decidedPage = (decision: Decision): string => decidePage(decision, '')

/** A refusal, in the words of its problem document. */
export const decideProblem = (title: string, detail: string): string =>
  pageOf(title, `<h1>${escapeHtml(title)}</h1>\n<p>${escapeHtml(detail)}</p>`)

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

const style = `
:root { color-scheme: light dark; --ground: #fbfbfa; --card: #fff; --ink: #1c1d1f; --soft: #5a5d63; --line: #d9dadd; --good: #146c3a; --bad: #a3231c; --on: #fff; }
@media (prefers-color-scheme: dark) { :root { --ground: #16171a; --card: #1f2125; --ink: #e8e9eb; --soft: #a6a9b0; --line: #3a3d44; --good: #7fd8a3; --bad: #ff9d95; --on: #10182a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 17px/1.5 system-ui, sans-serif; }
main { max-width: 44rem; margin: 0 auto; padding: 1rem 1rem 3rem; }
h1 { margin: 0.25rem 0 1rem; font-size: 1.3rem; overflow-wrap: anywhere; contain: paint; }
pre { max-height: 55vh; overflow: auto; margin: 0 0 1rem; padding: 0.75rem; border: 1px solid var(--line); border-radius: 0.5rem; background: var(--card); font: 0.875rem/1.45 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; white-space: pre-wrap; overflow-wrap: anywhere; direction: ltr; unicode-bidi: isolate; }
.who, .when, .hint { color: var(--soft); margin: 0.25rem 0; }
.when, .hint { font-size: 0.875rem; }
form { display: flex; justify-content: space-between; gap: 3.5rem; margin: 2rem 0 1.5rem; }
button { min-width: 7.5rem; min-height: 3.25rem; padding: 0.5rem 1.25rem; border: 2px solid; border-radius: 0.5rem; font: inherit; font-weight: 600; cursor: pointer; }
button.deny { border-color: var(--bad); background: var(--card); color: var(--bad); }
button.allow { border-color: var(--good); background: var(--good); color: var(--on); }
:focus-visible { outline: 3px solid var(--ink); outline-offset: 2px; }
.told { margin: 1.5rem 0; padding: 0.75rem 1rem; border-left: 4px solid var(--soft); background: var(--card); font-weight: 600; }
.told.allowed { border-color: var(--good); }
.told.denied { border-color: var(--bad); }
`

const pageOf = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${escapeHtml(title)} · Postern</title>
<style>${style}</style>
</head>
<body>
<main>${body}
</main>
</body>
</html>
`

/** Nothing runs, nothing is fetched, and the form goes nowhere else. */
export const decideHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
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
