import { createHash } from 'node:crypto'
import { escapeHtml } from './dashboard/escape.ts'

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
form { display: flex; justify-content: space-between; gap: 2rem; margin: 2rem 0 1.5rem; }
button { min-width: 7.5rem; min-height: 3.25rem; padding: 0.5rem 1rem; border: 2px solid; border-radius: 0.5rem; font: inherit; font-weight: 600; cursor: pointer; }
button.deny { border-color: var(--bad); background: var(--card); color: var(--bad); }
button.allow { border-color: var(--good); background: var(--good); color: var(--on); }
:focus-visible { outline: 3px solid var(--ink); outline-offset: 2px; }
.told { margin: 1.5rem 0; padding: 0.75rem 1rem; border-left: 4px solid var(--soft); background: var(--card); font-weight: 600; }
.told.allowed { border-color: var(--good); }
.told.denied { border-color: var(--bad); }
`

/** What a content security policy says to allow that style and no other. */
export const bareStyleSource = `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`

/** A page of its own, whose style is all it needs. `title` is text, `body` is HTML. */
export const barePage = (title: string, body: string): string => `<!doctype html>
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
